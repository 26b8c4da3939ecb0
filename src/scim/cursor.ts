import { createHash } from 'node:crypto';
import type { ListPlace } from '../directory/user-list.js';
import { isUserId } from '../ids.js';
import { invalidCursor } from './protocol/errors.js';
import { isUnstorable } from './protocol/text.js';

/**
 * A cursor (RFC 9865): opaque to clients, bound to the query it came from, good for ever, since it says where to go on and
 * holds nothing on the server.
 * @param query whatever must stay the same from page to page
 */
export const toCursor = ({ id, key }: ListPlace, query: string): string =>
  Buffer.from(JSON.stringify([fingerprint(query), id, key])).toString('base64url');

/**
 * Where a page by cursor begins; the empty cursor is the first page's.
 * @throws ScimError 400 invalidCursor for what is no cursor of this query
 */
export function fromCursor(text: string, query: string): ListPlace | { readonly offset: 0 } {
  if (text === '') return { offset: 0 };
  const [mark, id, key] = parsed(text);
  if (mark !== fingerprint(query) || typeof id !== 'string' || (typeof key !== 'string' && key !== null)) {
    throw invalidCursor('The cursor does not belong to this query: begin with an empty one');
  }
  if (!isUserId(id) || (key !== null && isUnstorable(key))) throw invalidCursor('The cursor is damaged');
  return { id, key };
}

function parsed(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

const fingerprint = (query: string): string => createHash('sha256').update(query).digest('base64url').slice(0, 8);
