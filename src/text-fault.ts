import { isBlank, isUnstorable } from './scim/protocol/text.js';

/** How long an operator's reason may be. */
export const MAX_REASON_CHARACTERS = 500;
/** How long the name of an instance or the label of a token may be. */
export const MAX_LABEL_CHARACTERS = 200;

/** What is wrong with a text that an operator gave, be it in the admin API or on the command line; undefined where nothing is. */
export function textFault(text: string, most: number): string | undefined {
  if (text.length > most) return `must not be longer than ${most} characters`;
  if (isBlank(text)) return 'must not be blank';
  return isUnstorable(text) ? 'contains a NUL character or half of a surrogate pair' : undefined;
}
