import { CORE_USER, ENTERPRISE_USER, type ScimUser } from './okta-answers.js';
import type { Random } from './random.js';

/** A person in Okta as far as the app's attribute mappings see them; what is undefined has no value there. */
export interface OktaProfile {
  /** Okta's own id of the user, `00u…`, sent as `externalId`. */
  readonly externalId: string;
  readonly userName: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly email: string;
  readonly displayName?: string | undefined;
  readonly title?: string | undefined;
  readonly department?: string | undefined;
  /** Okta's two plain texts `managerId` and `manager`; nothing in Okta resolves them. */
  readonly manager?: { readonly reference: string; readonly displayName?: string | undefined } | undefined;
}

/** To which sub-attribute of `manager` the administrator has mapped the reference. */
export type ManagerPath = 'value' | 'managerId' | 'displayName';

export type Json = Readonly<Record<string, unknown>>;

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** A PATCH as Okta writes it: one operation without a path. */
export const patchBody = (value: Json): Json => ({ schemas: [PATCH_OP], Operations: [{ op: 'replace', value }] });

/** The random password that Okta sends with every create, and with a password sync. */
export const randomPassword = (random: Random): string => `${random.next().toString(36).slice(2)}!A9`;

/** The body of Okta's create (flow 2), in some order of keys, now and then with attributes that nobody mapped. */
export function createBody(profile: OktaProfile, path: ManagerPath, random: Random): Json {
  const enterprise = enterpriseBlock({}, profile, path, random);
  const body = {
    // Okta may list the core schema only although extension attributes follow.
    schemas: enterprise === undefined || random.chance(0.1) ? [CORE_USER] : [CORE_USER, ENTERPRISE_USER],
    userName: profile.userName,
    name: { givenName: profile.givenName, familyName: profile.familyName },
    emails: [{ primary: true, value: profile.email, type: 'work' }],
    ...mapped('displayName', profile.displayName, undefined, random),
    ...mapped('title', profile.title, undefined, random),
    externalId: profile.externalId,
    groups: [],
    password: randomPassword(random),
    active: true,
    ...(enterprise === undefined ? {} : { [ENTERPRISE_USER]: enterprise }),
    ...unmapped(random),
  };
  return Object.fromEntries(random.shuffled(Object.entries(body)));
}

/**
 * The body of Okta's PUT (flow 3): the server's own answer to GET, whatever is in it, with the mapped attributes laid over.
 */
export function overlayBody(returned: ScimUser, profile: OktaProfile, path: ManagerPath, random: Random): Json {
  const enterprise = enterpriseBlock(objectIn(returned[ENTERPRISE_USER]), profile, path, random);
  return {
    ...returned,
    externalId: profile.externalId,
    userName: profile.userName,
    name: { ...returned.name, givenName: profile.givenName, familyName: profile.familyName },
    emails: withPrimary(returned.emails, profile.email),
    ...mapped('displayName', profile.displayName, returned['displayName'], random),
    ...mapped('title', profile.title, returned['title'], random),
    ...(enterprise === undefined ? {} : { [ENTERPRISE_USER]: enterprise }),
  };
}

/** `emails.^[primary==true].value`, as the mapping says. */
function withPrimary(emails: ScimUser['emails'], value: string): unknown[] {
  const at = emails.findIndex(({ primary }) => primary === true);
  if (at < 0) return [...emails, { primary: true, value, type: 'work' }];
  return emails.map((email, index) => (index === at ? { ...email, value } : email));
}

/** Undefined where nothing is mapped and nothing was there: Okta then sends no block at all. */
function enterpriseBlock(returned: Json, profile: OktaProfile, path: ManagerPath, random: Random): Json | undefined {
  const former = objectIn(returned['manager']);
  const manager =
    profile.manager === undefined ? noManager(returned['manager'], former, random) : managerOf(profile, path, former);
  const block = {
    ...returned,
    ...mapped('department', profile.department, returned['department'], random),
    ...(manager === undefined ? {} : { manager }),
  };
  return Object.keys(block).length === 0 ? undefined : block;
}

function managerOf({ manager }: OktaProfile, path: ManagerPath, former: Json): Json {
  const displayName =
    path === 'displayName' || manager?.displayName === undefined ? {} : { displayName: manager.displayName };
  return { ...former, ...displayName, [path]: manager?.reference };
}

/** The ways in which "no longer a manager" has been seen to arrive. */
function noManager(returned: unknown, former: Json, random: Random): Json | null | undefined {
  if (returned === undefined) return undefined;
  const blank = Object.fromEntries(
    Object.entries(former).map(([key, value]) => [key, typeof value === 'string' ? '' : value]),
  );
  return random.pick([null, blank, {}]);
}

/** A mapped attribute: its value, or, where there is none any more, an explicit emptiness. */
function mapped(name: string, value: string | undefined, returned: unknown, random: Random): Json {
  if (value !== undefined) return { [name]: value };
  return returned === undefined || returned === null ? {} : { [name]: random.pick([null, '']) };
}

/** What Okta sends without being told to; a server has to bear with it. */
function unmapped(random: Random): Json {
  const extras: readonly Json[] = [
    { locale: 'en-US' },
    { timezone: 'America/Los_Angeles' },
    { userType: 'Employee' },
    { phoneNumbers: [{ primary: true, value: '+1 555 0100', type: 'work' }] },
    { addresses: [{ primary: true, type: 'work', locality: 'Oslo', country: 'NO' }] },
    { roles: [], entitlements: [] },
    { favouriteColour: 'green', badge: { number: 7 } },
    { nickName: null },
  ];
  return Object.assign({}, ...extras.filter(() => random.chance(0.25)));
}

function objectIn(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
