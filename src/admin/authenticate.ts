import type { OperatorIdentity, TokenLookup } from '../instances/authenticate-token.js';
import { OPERATOR_ROLES, type OperatorRole } from '../instances/operator-tokens.js';
import { forbidden, unauthorized } from './problem.js';

/** The one way to send an operator token; anything else is refused without a look-up. */
const BEARER = /^[Bb][Ee][Aa][Rr][Ee][Rr] +(rst_[A-Za-z0-9_-]{43})$/;

/**
 * Finds out who asks. @throws ProblemError 401 for any header without a good token, and for two of them; UnavailableError, never 401, where
 * that can't be told.
 */
export async function authenticate(
  headers: readonly string[] | undefined,
  lookup: TokenLookup<OperatorIdentity>,
): Promise<OperatorIdentity> {
  const token = headers?.length === 1 ? BEARER.exec(headers[0]?.trim() ?? '')?.[1] : undefined;
  const identity = token === undefined ? undefined : await lookup(token);
  if (identity === undefined) throw unauthorized();
  return identity;
}

/** Lets those pass whose role is the one needed or above: each may do what the ones before it may. @throws ProblemError 403 */
export function authorize({ role }: OperatorIdentity, needed: OperatorRole): void {
  if (OPERATOR_ROLES.indexOf(role) < OPERATOR_ROLES.indexOf(needed)) throw forbidden(role, needed);
}
