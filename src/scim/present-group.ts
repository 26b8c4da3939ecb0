import type { AssertedGroup, StoredGroup } from '../directory/groups.js';
import { isUserId } from '../ids.js';
import { type Projection, project } from './protocol/projection.js';
import { textOf } from './protocol/resource.js';
import { GROUP_SCHEMA } from './protocol/schema.js';
import { isScimObject, newObject, type ScimObject } from './protocol/scim-object.js';
import { foldCase } from './protocol/text.js';
import { referenceKey } from './reference-key.js';

/** Where a group is found. */
export const groupLocation = ({ id }: { id: string }, baseUrl: string): string => `${baseUrl}/Groups/${id}`;

/** The version tag of a group (RFC 7644 section 3.14). */
export const groupTag = ({ version }: Pick<StoredGroup, 'version'>): string => `W/"${version}"`;

/** A stored group as SCIM JSON. A member whom nobody fits yet is shown as the client named it, or a PUT of it would lose it. */
export function presentGroup(group: StoredGroup, baseUrl: string, projection: Projection): string {
  const shown = {
    schemas: [GROUP_SCHEMA],
    id: group.id,
    ...toResource(group),
    meta: {
      resourceType: 'Group',
      created: group.createdAt,
      lastModified: group.updatedAt,
      location: groupLocation(group, baseUrl),
      version: groupTag(group),
    },
  };
  return JSON.stringify(projection.mode === 'default' ? shown : project(shown, projection));
}

/** A stored group as the resource that a PUT or PATCH is computed on. */
export function toResource(group: StoredGroup): ScimObject {
  const resource = newObject();
  resource['displayName'] = group.displayName;
  if (group.externalId !== null) resource['externalId'] = group.externalId;
  if (group.members.length > 0) {
    resource['members'] = group.members.map(({ userId, reference, display }) => ({
      value: userId ?? reference,
      ...(userId === null ? {} : { $ref: `../Users/${userId}`, type: 'User' }),
      ...(display === null ? {} : { display }),
    }));
  }
  return resource;
}

/** A SCIM Group as the directory stores it. A member says whom it means by `value` alone; one without is nobody. */
export function toAssertedGroup(resource: ScimObject): AssertedGroup {
  const displayName = textOf(resource['displayName']) ?? '';
  const given = Array.isArray(resource['members']) ? resource['members'].filter(isScimObject) : [];
  const members = new Map<string, AssertedGroup['members'][number]>();
  for (const member of given) {
    const reference = textOf(member['value']);
    if (reference === null || reference.trim() === '') continue;
    const key = isUserId(reference) ? reference : referenceKey(reference);
    members.set(key, { key, reference, display: textOf(member['display']) });
  }
  return {
    displayName,
    displayNameKey: foldCase(displayName),
    externalId: textOf(resource['externalId']),
    members: [...members.values()],
  };
}
