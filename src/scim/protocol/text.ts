import { invalidValue } from './errors.js';

const MAX_STRING_BYTES = 4096;
export const MAX_USER_NAME_CHARACTERS = 320;

/** True where PostgreSQL could not store the text: a NUL, or half of a surrogate pair. */
export const isUnstorable = (text: string): boolean => text.includes('\0') || /\p{Surrogate}/u.test(text);

/** As much of a text of the client's as can be kept of it in any case: short, and without what PostgreSQL can't store. */
export const storable = (text: string, characters: number): string =>
  text.slice(0, characters).replaceAll(/[\0\p{Surrogate}]/gu, '?');

/** True for a text of more bytes of UTF-8 than allowed. */
export function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}

/**
 * Checks a text that is going to be stored.
 * @throws ScimError 400 invalidValue that names the attribute.
 */
export function assertText(text: string, attribute: string): string {
  if (isLongerThan(text, MAX_STRING_BYTES)) throw invalidValue(`${attribute} is longer than ${MAX_STRING_BYTES} bytes`);
  if (isUnstorable(text)) throw invalidValue(`${attribute} contains a NUL character or half of a surrogate pair`);
  return text;
}

/** True for a text of nothing but white space. */
export const isBlank = (text: string): boolean => text.trim() === '';

/** Most texts have nothing in them that needs more than lower case, and filters fold a great many. */
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * The one fold: two texts are the same without regard to case exactly if their folds are equal.
 * Lower case as Unicode has it without a language, the two small sigmas as one, then composed (NFC). Compatibility
 * characters stay apart (no NFKC): a filter must never find somebody whose name only looks alike.
 * `filter-to-sql.ts` says the same in SQL.
 */
export const foldCase = (text: string): string => {
  const lower = text.toLowerCase();
  return NOT_ASCII.test(lower) ? lower.replaceAll('ς', 'σ').normalize('NFC') : lower;
};

/** The key under which a userName is unique in its instance; the name itself is kept and echoed as sent. */
export const foldUserName = (userName: string): string => foldCase(userName);

/** How references to people compare (rule 3): without regard to case where they contain an `@`, exactly otherwise. */
export const foldReference = (text: string): string => (text.includes('@') ? foldCase(text) : text);

/** Order by code point, which is the order of PostgreSQL's collation "C"; JavaScript's own is by UTF-16 unit. */
export const compareText = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));
