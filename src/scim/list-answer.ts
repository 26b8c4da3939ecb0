import { isTooSlow } from '../database/errors.js';
import type { ScimAnswer } from './http/scim-call.js';
import { tooCostly } from './protocol/errors.js';
import type { ListQuery } from './protocol/list-query.js';

const LIST_RESPONSE_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** A page of a list, its resources as JSON text with commas between them. */
export interface ListPage {
  readonly totalResults: number;
  readonly startIndex?: number;
  readonly itemsPerPage: number;
  readonly nextCursor?: string | undefined;
  readonly resources: string;
}

/** The ListResponse of a page (RFC 7644 section 3.4.2, RFC 9865). */
export function listAnswer({ resources, ...page }: ListPage): ScimAnswer {
  const head = JSON.stringify({ schemas: [LIST_RESPONSE_SCHEMA], ...page });
  return { status: 200, body: `${head.slice(0, -1)},"Resources":[${resources}]}` };
}

/** Finds a list. @throws ScimError 400 `tooMany` where PostgreSQL gave up on its filter or order, which it would again */
export async function refusingTooCostly<Result>(query: ListQuery, find: () => Promise<Result>): Promise<Result> {
  try {
    return await find();
  } catch (error) {
    if (!isTooSlow(error) || (query.filter === null && query.sort === null)) throw error;
    throw tooCostly('The filter or the order takes too long over so many; ask for something narrower');
  }
}

/** Pages by cursor have no index. */
export const startIndexOf = ({ cursor, startIndex }: ListQuery): { startIndex?: number } =>
  cursor === null ? { startIndex } : {};
