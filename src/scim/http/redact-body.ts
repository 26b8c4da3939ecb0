import { isObject } from '../protocol/scim-object.js';
import { storable } from '../protocol/text.js';

/** Lists are cut here: what a member looks like is seen in the first ones. */
const SHOWN_ELEMENTS = 20;
const SHOWN_MEMBERS = 200;
const NAME_LENGTH = 200;
const MAX_DEPTH = 12;

/**
 * A body as it may be kept: names, shapes, lengths and booleans, but no value (`"text(12)"`, `"number"`), since every
 * create of Okta carries a password and all of them people's data.
 */
export function redactBody(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return `text(${value.length})`;
  if (typeof value === 'number') return 'number';
  if (value === null || typeof value === 'boolean') return value;
  if (depth === MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, SHOWN_ELEMENTS).map((each) => redactBody(each, depth + 1));
    return value.length > SHOWN_ELEMENTS ? [...shown, `… ${value.length} in all`] : shown;
  }
  if (!isObject(value)) return '?';
  const members = Object.entries(value).slice(0, SHOWN_MEMBERS);
  return Object.fromEntries(
    members.map(([name, member]) => [storable(name, NAME_LENGTH), redactBody(member, depth + 1)]),
  );
}
