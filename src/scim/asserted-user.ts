import { accountEmail, displayNameOf, type EmailEntry } from '../directory/account-profile.js';
import type { AssertedUser, StoredUser } from '../directory/users.js';
import { toExternalId } from '../ids.js';
import { foldUserName, joinUser, managerReference, splitUser } from './protocol/resource.js';
import { isScimObject, type ScimObject, type ScimValue } from './protocol/scim-object.js';
import { referenceKey } from './reference-key.js';

/** A SCIM User as the directory stores it: columns, keys by the one fold, and all other attributes as JSON. */
export function toAssertedUser(resource: ScimObject): AssertedUser {
  const { userName, externalId, active, attributes } = splitUser(resource);
  const email = accountEmail(emailsIn(attributes['emails']), userName);
  const name = isScimObject(attributes['name']) ? attributes['name'] : {};
  const reference = managerReference(resource);
  return {
    userName,
    userNameKey: foldUserName(userName),
    externalId: externalId === null ? null : toExternalId(externalId),
    externalIdKey: externalId === null ? null : referenceKey(externalId),
    email,
    emailKey: referenceKey(email),
    displayName: displayNameOf({
      userName,
      displayName: textIn(attributes['displayName']),
      name: { givenName: textIn(name['givenName']), familyName: textIn(name['familyName']) },
    }),
    active,
    attributes: JSON.stringify(attributes),
    managerReference: reference,
    managerReferenceKey: reference === null ? null : referenceKey(reference),
  };
}

/** A stored user as the SCIM resource that a PUT or PATCH is computed on. */
export const toResource = (stored: StoredUser): ScimObject =>
  joinUser({
    userName: stored.userName,
    externalId: stored.externalId,
    active: stored.active,
    attributes: JSON.parse(stored.attributes),
  });

const textIn = (value: ScimValue | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

const emailsIn = (value: ScimValue | undefined): EmailEntry[] =>
  Array.isArray(value)
    ? value.filter(isScimObject).map((email) => ({
        value: textIn(email['value']),
        type: textIn(email['type']),
        primary: email['primary'] === true,
      }))
    : [];
