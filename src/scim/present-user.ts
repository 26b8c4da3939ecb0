import { createHash } from 'node:crypto';
import { AFTER_VERSION, GROUPS_DIGEST_LENGTH, type StoredUser } from '../directory/users.js';
import type { UserId } from '../ids.js';
import { type Projection, project } from './protocol/projection.js';
import { ENTERPRISE_USER_SCHEMA, USER_SCHEMA } from './protocol/schema.js';
import { newObject, type ScimObject } from './protocol/scim-object.js';

const CORE_ONLY = JSON.stringify([USER_SCHEMA]);
const WITH_ENTERPRISE = JSON.stringify([USER_SCHEMA, ENTERPRISE_USER_SCHEMA]);

/** Which state of a user: times as RFC 3339 has them, in UTC with milliseconds. */
export interface UserState {
  readonly id: UserId;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/**
 * The version tag of a user (RFC 7644 section 3.14). The groups come and go without a version of the user's: a digest of them is in it
 * while there are any.
 */
export const userTag = ({ version, groups }: Pick<StoredUser, 'version' | 'groups'>): string =>
  `W/"${version}${groups === null ? '' : `-${groupsDigest(groups)}`}"`;

const groupsDigest = (groups: string): string =>
  createHash('md5').update(groups).digest('hex').slice(0, GROUPS_DIGEST_LENGTH);

/**
 * A user as SCIM JSON, up to where the URL of its location begins: what was asserted, never the effective manager, since
 * Okta writes it back. Rendered once, when it is stored; only the location is each request's own.
 */
export function renderUser({ id, version, createdAt, updatedAt }: UserState, resource: ScimObject): string {
  const schemas = resource[ENTERPRISE_USER_SCHEMA] === undefined ? CORE_ONLY : WITH_ENTERPRISE;
  const attributes = JSON.stringify(resource).slice(1, -1);
  return `{"schemas":${schemas},"id":"${id}",${attributes},"meta":{"resourceType":"User","created":"${createdAt}","lastModified":"${updatedAt}","version":"W/\\"${version}\\"","location":"`;
}

const END = '"}}';

/** What stands before the id at the end of a rendered user; the URL is the client's, and can hold a quote. */
export const locationBase = (baseUrl: string): string => JSON.stringify(locationOf({ id: '' }, baseUrl)).slice(1, -1);

export const locationOf = ({ id }: { id: string }, baseUrl: string): string => `${baseUrl}/Users/${id}`;

/** A stored user as SCIM JSON. */
export function presentUser(user: StoredUser, baseUrl: string, projection: Projection): string {
  const { groups, resource } = user;
  if (groups === null) return presentUsers(`${resource}${locationBase(baseUrl)}${user.id}"}}`, projection);
  const tagged = `${resource.slice(0, -AFTER_VERSION.length)}-${groupsDigest(groups)}${AFTER_VERSION}`;
  return presentUsers(`${tagged}${locationBase(baseUrl)}${user.id}"},"groups":${groups}}`, projection);
}

/** Completed users, with commas between them, as a projection shows them: only for one that leaves something out they are parsed. */
export function presentUsers(text: string, projection: Projection): string {
  if (projection.mode === 'default') return text;
  const users = JSON.parse(`[${text}]`) as ScimObject[];
  return users.map((user) => JSON.stringify(project(user, projection))).join(',');
}

/** The inverse of `renderUser`: the resource that a PUT or PATCH is computed on, and the state that it stands for. */
export function parseUser({ id, version, resource: text }: StoredUser): { state: UserState; resource: ScimObject } {
  const {
    schemas: _schemas,
    id: _id,
    meta,
    ...attributes
  } = JSON.parse(text + END) as ScimObject & {
    meta: { created: string; lastModified: string };
  };
  const resource = newObject();
  for (const name of Object.keys(attributes)) resource[name] = attributes[name] ?? null;
  return { state: { id, version, createdAt: meta.created, updatedAt: meta.lastModified }, resource };
}
