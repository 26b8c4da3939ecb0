import { preconditionFailed } from './errors.js';

/** The conditions of a request, as their headers have them (RFC 9110 section 13.1). */
export interface Preconditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** Any tag of a list, weak or strong: versions are compared weakly (RFC 7644 section 3.14). */
const TAG = /(?:W\/)?("[^"]*")/g;

function names(header: string, tag: string): boolean {
  if (header.trim() === '*') return true;
  const opaque = tag.slice(tag.indexOf('"'));
  return Array.from(header.matchAll(TAG)).some(([, named]) => named === opaque);
}

/**
 * Holds a change against its conditions: the version it means must be the stored one.
 * @throws ScimError 412
 */
export function assertUnchanged({ ifMatch, ifNoneMatch }: Preconditions, tag: string): void {
  if (ifMatch !== undefined && !names(ifMatch, tag)) {
    throw preconditionFailed('The resource has changed since: its version is not the one that If-Match names');
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch, tag)) {
    throw preconditionFailed('The resource is there in the version that If-None-Match excludes');
  }
}

/** True where a reader has this version already: the answer is 304 without a body. */
export const isKnown = ({ ifNoneMatch }: Preconditions, tag: string): boolean =>
  ifNoneMatch !== undefined && names(ifNoneMatch, tag);
