/** One entry of a SCIM User's `emails`; Okta sends all three members, other clients only `value`. */
export interface EmailEntry {
  readonly value?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly primary?: boolean | null | undefined;
}

/** The parts of a SCIM User from which an account's name is made. */
export interface NamedUser {
  readonly userName: string;
  readonly displayName?: string | null | undefined;
  readonly name?:
    | { readonly givenName?: string | null | undefined; readonly familyName?: string | null | undefined }
    | null
    | undefined;
}

const present = (text: string | null | undefined): text is string =>
  text !== null && text !== undefined && text.trim() !== '';

/**
 * The one e-mail address of an account: the primary one, else the first of type `work`, else the first, else the userName.
 * Entries without a value do not count; the address is returned as it was sent.
 */
export function accountEmail(emails: readonly EmailEntry[] | null | undefined, userName: string): string {
  const given = (emails ?? []).filter((email) => present(email.value));
  const chosen =
    given.find((email) => email.primary === true) ??
    given.find((email) => email.type?.toLowerCase() === 'work') ??
    given[0];
  return chosen?.value ?? userName;
}

/**
 * What an account, and the team it manages, is called (rule 6): the SCIM `displayName`, else given and family name (or the
 * one of them that is there), else the userName. Blank texts count as absent.
 */
export function displayNameOf(user: NamedUser): string {
  if (present(user.displayName)) return user.displayName;
  const names = [user.name?.givenName, user.name?.familyName].filter(present);
  return names.length > 0 ? names.join(' ') : user.userName;
}
