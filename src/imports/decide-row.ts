import type { PendingRow } from '../directory/import-rows.js';
import type { AssertedUser } from '../directory/users.js';
import { newUserId } from '../ids.js';
import { changedUser, newUser } from '../scim/asserted-user.js';
import { withDerivedNames } from '../scim/protocol/derived-names.js';
import { ScimError } from '../scim/protocol/errors.js';
import { applyPatch } from '../scim/protocol/patch.js';
import { readResource } from '../scim/protocol/resource.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../scim/protocol/schema.js';
import type { ImportAttribute, ImportAttributes } from './columns.js';

/** What is to become of a row; who is written is written at the version before. */
export type Decision =
  | { readonly outcome: 'created'; readonly user: AssertedUser }
  /** Without `user` only the role changes. */
  | { readonly outcome: 'updated'; readonly user: AssertedUser | undefined; readonly changed: readonly string[] }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'rejected'; readonly attribute: ImportAttribute; readonly reason: string };

export const CHANGED_MEANWHILE = 'was changed in Okta meanwhile';

const YES = new Set(['true', 'yes', 'y', '1', 'active']);
const NO = new Set(['false', 'no', 'n', '0', 'inactive']);

/** What `active` says; undefined for anything that is neither. */
export function activeOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
}

/** Decides a staged row by the rules that SCIM goes by, on the user as it is now. Pure. */
export function decideRow(row: PendingRow): Decision {
  const { attributes, stored, role, askedRole } = row;
  const said: ImportAttributes = attributes;
  if (wasChanged(row)) return rejected('email', CHANGED_MEANWHILE);
  try {
    if (stored === null) return { outcome: 'created', user: newUser(newUserId(), created(said)) };
    const user = changedUser(stored, (before) => {
      // Guard 9: access is Okta's to give back.
      if (before['active'] === false && said.active !== undefined && activeOf(said.active) === true) {
        throw new FaultError('active', 'is inactive, and a file activates nobody');
      }
      const changes = operations(said);
      return changes.length === 0 ? before : applyPatch(resourceTypes.User, before, { Operations: changes });
    });
    const changed = [
      ...(user?.changed.split(',') ?? []),
      ...(askedRole !== null && askedRole !== role ? ['role'] : []),
    ];
    return changed.length === 0 ? { outcome: 'unchanged' } : { outcome: 'updated', user, changed };
  } catch (error) {
    if (error instanceof FaultError) return rejected(error.attribute, error.message);
    if (error instanceof ScimError) return rejected(attributeIn(error.detail), error.detail);
    throw error;
  }
}

/** Guard 9: whoever was changed, made or deleted since the row was staged is Okta's to say. */
const wasChanged = ({ stored, baseUserId, baseVersion, deletedSince }: PendingRow): boolean =>
  (stored?.id ?? null) !== baseUserId || (stored?.version ?? null) !== baseVersion || deletedSince;

class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly attribute: ImportAttribute;

  constructor(attribute: ImportAttribute, message: string) {
    super(message);
    this.attribute = attribute;
  }
}

const rejected = (attribute: ImportAttribute, reason: string): Decision => ({ outcome: 'rejected', attribute, reason });

/** The SCIM User that a row creates. */
function created({
  active,
  email,
  userName,
  externalId,
  givenName,
  familyName,
  displayName,
  title,
  manager,
}: ImportAttributes) {
  return withDerivedNames(
    readResource(resourceTypes.User, {
      userName: userName ?? email,
      ...(userName !== undefined && email !== undefined && { emails: [{ value: email, type: 'work', primary: true }] }),
      ...(externalId !== undefined && { externalId }),
      ...((givenName ?? familyName) !== undefined && { name: { givenName, familyName } }),
      ...(displayName !== undefined && { displayName }),
      ...(title !== undefined && { title }),
      ...(active !== undefined && { active: activeOf(active) }),
      ...(manager !== undefined && { [ENTERPRISE_USER_SCHEMA]: { manager: { value: manager } } }),
    }),
  );
}

/** The path of each attribute that a row can change; who somebody is it can't. */
const PATHS: Readonly<Partial<Record<ImportAttribute, string>>> = {
  givenName: 'name.givenName',
  familyName: 'name.familyName',
  displayName: 'displayName',
  title: 'title',
  externalId: 'externalId',
  manager: `${ENTERPRISE_USER_SCHEMA}:manager.value`,
};

const operations = (said: ImportAttributes): object[] => [
  ...Object.entries(PATHS).flatMap(([attribute, path]) => {
    const value = said[attribute as ImportAttribute];
    return value === undefined ? [] : [{ op: 'replace', path, value }];
  }),
  ...(said.userName !== undefined && said.email !== undefined
    ? [{ op: 'replace', path: 'emails[type eq "work"].value', value: said.email }]
    : []),
  ...(said.active === undefined ? [] : [{ op: 'replace', path: 'active', value: activeOf(said.active) }]),
];

/** The attribute that a refusal of SCIM names first. */
const attributeIn = (detail: string): ImportAttribute =>
  (['givenName', 'familyName', 'displayName', 'title', 'externalId', 'manager'] as const).find((name) =>
    detail.includes(name),
  ) ?? 'email';
