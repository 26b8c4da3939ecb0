import type { Actor } from '../../directory/users.js';
import type { ScimIdentity } from '../../instances/authenticate-token.js';
import type { QueryParameters } from '../protocol/list-query.js';
import type { Preconditions } from '../protocol/preconditions.js';

/** One authenticated SCIM request: made by `scim-endpoint.ts` after `authenticate`, and by Bulk for each operation of one. */
export interface ScimCall {
  readonly identity: ScimIdentity;
  /** Who asks, for the audit log. */
  readonly by: Actor;
  /** The last segment of a path that ends in an id; any text. */
  readonly id: string;
  readonly query: QueryParameters;
  readonly preconditions: Preconditions;
  /** Counts so many more requests against the token's rate limit. @throws ScimError 429 */
  readonly charge: (requests: number) => void;
  /** Such as `https://host/scim/v2`. */
  readonly baseUrl: string;
  /** Reads and parses the body, of 1 MiB at most unless told otherwise. @throws ScimError 400, 413, 415 */
  readonly readBody: (maxBytes?: number) => Promise<Record<string, unknown>>;
}

/** What a handler answers. A text is JSON already. */
export interface ScimAnswer {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ScimHandler = (call: ScimCall) => Promise<ScimAnswer> | ScimAnswer;

/** Where a handler is found: a path below `/scim/v2`, `:id` standing for an id, and a handler per method. */
export interface ScimRoute {
  readonly path: string;
  readonly handlers: Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', ScimHandler>>>;
}
