import { z } from 'zod';
import { isUserId } from '../ids.js';

/** How many items a list gives unless told, and at most. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** A cursor is the id of the last item seen. It is opaque, so that it may become something else. */
const cursorOf = (id: string): string => Buffer.from(id).toString('base64url');

const cursor = z
  .string()
  .transform((text, context) => {
    const id = Buffer.from(text, 'base64url').toString();
    // All ids that lists are ordered by are UUIDs.
    if (isUserId(id) && cursorOf(id) === text) return id;
    context.addIssue('is not a cursor of this list; take nextCursor of the page before');
    return z.NEVER;
  })
  .meta({ description: 'nextCursor of the page before' });

/** The query parameters of every list that comes in pages. */
export const pageQuery = {
  cursor: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
};

/** The answer of every list. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'null on the last page' }),
  });

/**
 * One page, read by asking for one row more than is shown, which says whether there is another page.
 * @param idOf is what the list is ordered by.
 */
export async function pageOf<Row>(
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  read: (page: { after: string | undefined; limit: number }) => Promise<Row[]>,
  idOf: (row: Row) => string,
): Promise<{ items: Row[]; nextCursor: string | null }> {
  const rows = await read({ after: cursor, limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(idOf(last)) : null };
}

/** A list that is short enough to come in one page. */
export const wholeList = <Item>(items: Item[]): { items: Item[]; nextCursor: null } => ({ items, nextCursor: null });
