/** What is not text of people's: what PostgreSQL can't store (NUL, halves of surrogate pairs), and what a terminal obeys. */
const NOT_PLAIN = /[\p{Cc}\p{Surrogate}]/gu;

/** A text of others' on one line: each control character a space where it is white space, and U+FFFD where it is not. */
export const plainText = (text: string): string =>
  text.replaceAll(/[\t\n\v\f\r]+/g, ' ').replaceAll(NOT_PLAIN, '\uFFFD');

/** A text for a terminal, which obeys nothing in it: control characters are written as in JSON, but for the ends of lines. */
export const forTerminal = (text: string): string =>
  text.replaceAll(NOT_PLAIN, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
