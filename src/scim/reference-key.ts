import { createHash } from 'node:crypto';
import { foldReference } from './protocol/text.js';

/** An entry of an index holds some 2,700 bytes; a userName is shorter, so that none is missed. */
const MAX_KEY_BYTES = 2048;

/** The key by which references to people are compared, and indexed: a digest stands for one that no index could hold. */
export function referenceKey(text: string): string {
  const key = foldReference(text);
  return Buffer.byteLength(key) <= MAX_KEY_BYTES
    ? key
    : `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
