import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { Actor } from '../directory/users.js';
import { RefusedError } from '../errors.js';
import { INSTALLATION, newId } from '../ids.js';
import {
  digestOf,
  type IssuedToken,
  isTokenId,
  newToken,
  type TokenInfo,
  type TokenRow,
  toTokenInfo,
} from './tokens.js';

/** From the least to the most. */
export const OPERATOR_ROLES = ['viewer', 'operator', 'admin'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

const ISSUE: Statement = {
  name: 'issue_operator_token',
  text: `
    with issued as (
      insert into operator_tokens (id, digest, label, role, expires_at) values ($1, $2, $3, $4, $5) returning id, role
    )
    insert into audit_log (instance_id, actor, action, outcome, request_id)
    select $6, $7, 'operator-token.issue:' || issued.role || ':' || issued.id, 'accepted', $8 from issued`,
};

/** Issues an operator token of a role for the admin API. The audit row of the installation names the role and the token's id. */
export async function issueOperatorToken(
  pool: pg.Pool,
  secret: string,
  { label, role, expiresAt = null }: { label: string; role: OperatorRole; expiresAt?: Date | null },
  by: Actor,
): Promise<IssuedToken & { role: OperatorRole }> {
  const token = newToken();
  const id = newId();
  const values = [id, digestOf(secret, token), label, role, expiresAt, INSTALLATION, by.actor, by.requestId];
  await run(pool, ISSUE, values);
  return { id, label, role, token, expiresAt };
}

const LIST: Statement = {
  name: 'list_operator_tokens',
  text: 'select id, label, role, created_at, expires_at, revoked_at, last_used_at from operator_tokens order by id',
};

/** Every operator token, revoked ones too, oldest first. */
export async function listOperatorTokens(pool: pg.Pool): Promise<(TokenInfo & { role: OperatorRole })[]> {
  const rows = await run<TokenRow & { role: OperatorRole }>(pool, LIST, []);
  return rows.map((row) => ({ ...toTokenInfo(row), role: row.role }));
}

const REVOKE: Statement = {
  name: 'revoke_operator_token',
  text: `
    with revoked as (
      update operator_tokens set revoked_at = now() where id = $1 and revoked_at is null returning id
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, outcome, request_id)
      select $2, $3, 'operator-token.revoke:' || revoked.id, 'accepted', $4 from revoked
    )
    select id from operator_tokens where id = $1`,
};

/**
 * Revokes an operator token; holds everywhere within a second. One that was revoked before stays as it is.
 * @throws RefusedError `token_unknown`
 */
export async function revokeOperatorToken(pool: pg.Pool, id: string, by: Actor): Promise<void> {
  const found = isTokenId(id) ? await run(pool, REVOKE, [id, INSTALLATION, by.actor, by.requestId]) : [];
  if (found.length === 0) throw new RefusedError('token_unknown', `There is no operator token ${id}.`);
}
