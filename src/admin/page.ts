import { z } from 'zod';
import { isId } from '../ids.js';

/** How many items a list gives unless told, and at most. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** How the place after which a list goes on is written. It is opaque to clients, so that it may become something else. */
interface Cursor<Place> {
  readonly write: (place: Place) => string;
  /** Undefined for what is no place. What `write` would write in another way is none either. */
  readonly read: (text: string) => Place | undefined;
}

const encoded = (text: string): string => Buffer.from(text).toString('base64url');
const decoded = (text: string): string => Buffer.from(text, 'base64url').toString();

/** Of most lists: the id of the last item seen. All ids that lists are ordered by are UUIDs. */
const idCursor: Cursor<string> = {
  write: encoded,
  read: (text) => (isId(decoded(text)) ? decoded(text) : undefined),
};

/** A cursor as a parameter of the query. */
const cursorIn = <Place>({ read, write }: Cursor<Place>) =>
  z
    .string()
    .transform((text, context) => {
      const place = read(text);
      if (place !== undefined && write(place) === text) return place;
      context.addIssue('is not a cursor of this list; take nextCursor of the page before');
      return z.NEVER;
    })
    .optional()
    .meta({ description: 'nextCursor of the page before' });

/** How many items are asked for. */
export const limit = z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT);

/** The query parameters of every list that comes in pages of its ids' order. */
export const pageQuery = { cursor: cursorIn(idCursor), limit };

/** Those of a list of another order. The texts of its places are encoded. */
export function pageQueryOf<Place>({ write, read }: Cursor<Place>) {
  const cursor = { write: (place: Place) => encoded(write(place)), read: (text: string) => read(decoded(text)) };
  return { query: { cursor: cursorIn(cursor), limit }, cursorOf: cursor.write };
}

/** The answer of every list. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'null on the last page' }),
  });

/**
 * One page, read by asking for one row more than is shown, which says whether there is another page.
 * @param cursorOf writes the place of a row
 */
export async function pageBy<Row, Place>(
  { cursor, limit }: { readonly cursor?: Place | undefined; readonly limit: number },
  read: (page: { after: Place | undefined; limit: number }) => Promise<Row[]>,
  cursorOf: (row: Row) => string,
): Promise<{ items: Row[]; nextCursor: string | null }> {
  const rows = await read({ after: cursor, limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** The same of a list in the order of ids. */
export const pageOf = <Row>(
  page: { readonly cursor?: string | undefined; readonly limit: number },
  read: (page: { after: string | undefined; limit: number }) => Promise<Row[]>,
  idOf: (row: Row) => string,
): Promise<{ items: Row[]; nextCursor: string | null }> => pageBy(page, read, (row) => idCursor.write(idOf(row)));

/** A list that is short enough to come in one page. */
export const wholeList = <Item>(items: Item[]): { items: Item[]; nextCursor: null } => ({ items, nextCursor: null });
