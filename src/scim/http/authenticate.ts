import type { ScimIdentity, TokenLookup } from '../../instances/authenticate-token.js';
import { unauthorized } from '../protocol/errors.js';

/** The shape of a token that we issue; anything else is refused without a look-up. */
const TOKEN = /^rst_[A-Za-z0-9_-]{43}$/;

/**
 * The token in an Authorization header, in each way that Okta can be set up to send it: `Bearer <token>`, the bare token
 * (Okta's Header mode), or as the password of Basic. Undefined where there is none that could be ours.
 */
export function tokenOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, scheme = '', rest = ''] = /^(?:([A-Za-z]+) +)?(.*)$/.exec(header.trim()) ?? [];
  const token = scheme.toLowerCase() === 'basic' ? passwordOf(rest) : rest.trim();
  return (scheme === '' || /^(?:bearer|basic)$/i.test(scheme)) && TOKEN.test(token) ? token : undefined;
}

const passwordOf = (base64: string): string => {
  const pair = Buffer.from(base64, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
};

/**
 * Finds out who asks. @throws ScimError 401 for any header without a good token, and for two headers, of which a proxy may
 * have looked at the other one; UnavailableError, never 401, where that can't be told.
 */
export async function authenticate(
  headers: readonly string[] | undefined,
  lookup: TokenLookup<ScimIdentity>,
): Promise<ScimIdentity> {
  const token = headers?.length === 1 ? tokenOf(headers[0]) : undefined;
  const identity = token === undefined ? undefined : await lookup(token);
  if (identity === undefined) throw unauthorized();
  return identity;
}
