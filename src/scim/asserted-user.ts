import { accountEmail, displayNameOf, type EmailEntry } from '../directory/account-profile.js';
import type { AssertedUser, StoredUser } from '../directory/users.js';
import { toExternalId, type UserId } from '../ids.js';
import { changedAttributes } from './changed-attributes.js';
import { parseUser, renderUser, type UserState } from './present-user.js';
import { invalidValue } from './protocol/errors.js';
import { foldUserName, managerReference, textOf } from './protocol/resource.js';
import { isScimObject, type ScimObject, type ScimValue } from './protocol/scim-object.js';
import { isLongerThan } from './protocol/text.js';
import { referenceKey } from './reference-key.js';

/** A new user, ready to be stored. */
export function newUser(id: UserId, resource: ScimObject): AssertedUser {
  const now = new Date().toISOString();
  const state = { id, version: 1, createdAt: now, updatedAt: now };
  return toAssertedUser(state, resource, changedAttributes({}, resource));
}

/**
 * The next version of a stored user, changed by `compute`; undefined where that says what is stored already, since such a
 * write would only make work.
 */
export function changedUser(
  stored: StoredUser,
  compute: (resource: ScimObject) => ScimObject,
): AssertedUser | undefined {
  const { state, resource } = parseUser(stored);
  const changed = compute(resource);
  const names = changedAttributes(resource, changed);
  return names.length === 0 ? undefined : nextVersion(stored, state, changed, names);
}

/** The last version of a user who is deleted: no longer active. */
export function removedUser(stored: StoredUser): AssertedUser {
  const { state, resource } = parseUser(stored);
  return nextVersion(stored, state, { ...resource, active: false }, resource['active'] === false ? [] : ['active']);
}

function nextVersion(
  { groups }: StoredUser,
  state: UserState,
  resource: ScimObject,
  changed: readonly string[],
): AssertedUser {
  // Later than the last change, whatever this machine's clock says.
  const updated = Math.max(Date.now(), Date.parse(state.updatedAt) + 1);
  const next = { ...state, version: state.version + 1, updatedAt: new Date(updated).toISOString() };
  return { ...toAssertedUser(next, resource, changed), groups };
}

/** As much as one request may bring; many small ones may not make more of somebody, whom each list shows whole. */
const MAX_USER_BYTES = 1024 * 1024;

/**
 * A SCIM User as the directory stores it: columns, keys by the one fold, and as it is shown.
 * @throws ScimError 400 invalidValue for a user of more than 1 MiB
 */
export function toAssertedUser(state: UserState, resource: ScimObject, changed: readonly string[]): AssertedUser {
  const userName = textOf(resource['userName']) ?? '';
  const externalId = textOf(resource['externalId']);
  const email = accountEmail(emailsIn(resource['emails']), userName);
  const name = isScimObject(resource['name']) ? resource['name'] : {};
  const reference = managerReference(resource);
  const rendered = renderUser(state, resource);
  if (isLongerThan(rendered, MAX_USER_BYTES)) throw invalidValue(`The user is larger than ${MAX_USER_BYTES} bytes`);
  return {
    ...state,
    resource: rendered,
    groups: null,
    userName,
    userNameKey: foldUserName(userName),
    externalId: externalId === null ? null : toExternalId(externalId),
    externalIdKey: externalId === null ? null : referenceKey(externalId),
    email,
    emailKey: referenceKey(email),
    displayName: displayNameOf({
      userName,
      displayName: textOf(resource['displayName']),
      name: { givenName: textOf(name['givenName']), familyName: textOf(name['familyName']) },
    }),
    active: resource['active'] !== false,
    changed: changed.join(','),
    managerReference: reference,
    managerReferenceKey: reference === null ? null : referenceKey(reference),
  };
}

const emailsIn = (value: ScimValue | undefined): EmailEntry[] =>
  Array.isArray(value)
    ? value.filter(isScimObject).map((email) => ({
        value: textOf(email['value']),
        type: textOf(email['type']),
        primary: email['primary'] === true,
      }))
    : [];
