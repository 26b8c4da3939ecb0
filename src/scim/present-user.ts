import type { StoredUser } from '../directory/users.js';
import { type Projection, project } from './protocol/projection.js';
import { ENTERPRISE_USER_SCHEMA, USER_SCHEMA } from './protocol/schema.js';

const CORE_ONLY = JSON.stringify([USER_SCHEMA]);
const WITH_ENTERPRISE = JSON.stringify([USER_SCHEMA, ENTERPRISE_USER_SCHEMA]);
/** As a key only: inside a text its quotes would be escaped. */
const ENTERPRISE_KEY = `"${ENTERPRISE_USER_SCHEMA}":`;

/** The version tag of a user (RFC 7644 section 3.14). */
export const versionTag = (user: StoredUser): string => `W/"${user.version}"`;

export const locationOf = (user: StoredUser, baseUrl: string): string => `${baseUrl}/Users/${user.id}`;

/**
 * A stored user as SCIM JSON: what was asserted, never the effective manager, since Okta writes it back. Stored
 * attributes are copied as text; only a projection has them parsed.
 */
export function presentUser(user: StoredUser, baseUrl: string, projection?: Projection): string {
  const meta = JSON.stringify({
    resourceType: 'User',
    created: user.createdAt,
    lastModified: user.updatedAt,
    version: versionTag(user),
    location: locationOf(user, baseUrl),
  });
  const schemas = user.attributes.includes(ENTERPRISE_KEY) ? WITH_ENTERPRISE : CORE_ONLY;
  const externalId = user.externalId === null ? '' : `"externalId":${JSON.stringify(user.externalId)},`;
  const attributes = user.attributes === '{}' ? '' : `,${user.attributes.slice(1, -1)}`;
  const text = `{"schemas":${schemas},"id":"${user.id}",${externalId}"userName":${JSON.stringify(user.userName)},"active":${user.active}${attributes},"meta":${meta}}`;
  if (projection === undefined || projection.mode === 'default') return text;
  return JSON.stringify(project(JSON.parse(text), projection));
}
