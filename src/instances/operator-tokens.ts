import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { run, type Statement } from '../database/pool.js';
import { RefusedError } from '../errors.js';
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
  text: 'insert into operator_tokens (id, digest, label, role, expires_at) values ($1, $2, $3, $4, $5)',
};

/** Issues an operator token of a role for the admin API. */
export async function issueOperatorToken(
  pool: pg.Pool,
  secret: string,
  { label, role, expiresAt = null }: { label: string; role: OperatorRole; expiresAt?: Date | null },
): Promise<IssuedToken & { role: OperatorRole }> {
  const token = newToken();
  const id = uuid();
  await run(pool, ISSUE, [id, digestOf(secret, token), label, role, expiresAt]);
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
  text: 'update operator_tokens set revoked_at = coalesce(revoked_at, now()) where id = $1 returning id',
};

/** Revokes an operator token; holds everywhere within a second. @throws RefusedError `token_unknown` */
export async function revokeOperatorToken(pool: pg.Pool, id: string): Promise<void> {
  const found = isTokenId(id) ? await run(pool, REVOKE, [id]) : [];
  if (found.length === 0) throw new RefusedError('token_unknown', `There is no operator token ${id}.`);
}
