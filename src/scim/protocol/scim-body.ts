import { invalidSyntax } from './errors.js';
import { isObject } from './scim-object.js';

export const MAX_BODY_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Refuses a JSON text nested deeper than `max`, the root counting as 1, before anything recursive sees it. One pass;
 * brackets inside strings do not count. Says nothing about whether the text is JSON.
 * @throws ScimError 400 invalidSyntax
 */
export function assertDepth(text: string, max: number): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > max) throw invalidSyntax(`The body is nested deeper than ${max} levels`);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
}

/**
 * Parses a request body: JSON, an object at the top, nested no deeper than the limit.
 * @throws ScimError 400 invalidSyntax
 */
export function parseScimBody(text: string): Record<string, unknown> {
  assertDepth(text, MAX_BODY_DEPTH);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalidSyntax('The body is not valid JSON');
  }
  if (!isObject(body)) throw invalidSyntax('The body must be a JSON object');
  return body;
}
