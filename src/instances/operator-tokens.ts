import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { Actor } from '../directory/users.js';
import { instanceUnknown, RefusedError } from '../errors.js';
import { INSTALLATION, isId, isInstanceId, newId } from '../ids.js';
import {
  DEFAULT_DAYS,
  digestOf,
  type IssuedToken,
  inDays,
  newToken,
  type TokenInfo,
  type TokenRow,
  toTokenInfo,
} from './token.js';

/** From the least to the most: each may do what the ones before it may. */
export const OPERATOR_ROLES = ['application', 'viewer', 'operator', 'admin'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** The role whose tokens are of one instance each, and see no other. */
const OF_ONE_INSTANCE = 'application';
/** The roles of those who look after every instance. */
export type EveryInstanceRole = Exclude<OperatorRole, typeof OF_ONE_INSTANCE>;

interface NewOperatorToken {
  readonly label: string;
  readonly role: OperatorRole;
  /** The slug of the instance that the role `application` is for; none for any other role. */
  readonly instance?: string | null | undefined;
  /** In a year unless told; null for never. */
  readonly expiresAt?: Date | null;
}

interface IssuedOperatorToken extends IssuedToken {
  readonly role: OperatorRole;
  readonly instance: string | null;
}

/** An operator token as it is listed. */
export interface OperatorTokenInfo extends TokenInfo {
  readonly role: OperatorRole;
  readonly instance: string | null;
}

const ISSUE: Statement = {
  name: 'issue_operator_token',
  text: `
    with issued as (
      insert into operator_tokens (id, digest, label, role, instance_id, expires_at)
      select $1, $2, $3, $4, $5::text, $6 where $5::text is null or exists (select from instances i where i.id = $5::text)
      returning id, role, instance_id
    )
    insert into audit_log (instance_id, actor, action, outcome, request_id)
    select $7, $8, concat_ws(':', 'operator-token.issue', issued.role, issued.instance_id, issued.id), 'accepted', $9
    from issued
    returning 1`,
};

/**
 * Issues an operator token of a role for the admin API. The audit row, which is the installation's, names the role, the instance
 * where there is one, and the token's id.
 * @throws RefusedError `invalid_token_instance`, `instance_unknown`; UnavailableError
 */
export async function issueOperatorToken(
  pool: pg.Pool,
  secret: string,
  { label, role, instance = null, expiresAt = inDays(DEFAULT_DAYS) }: NewOperatorToken,
  by: Actor,
): Promise<IssuedOperatorToken> {
  if ((role === OF_ONE_INSTANCE) !== (instance !== null)) throw instanceMisplaced(role);
  if (instance !== null && !isInstanceId(instance)) throw instanceUnknown(instance);
  const token = newToken();
  const id = newId();
  const row = [id, digestOf(secret, token), label, role, instance, expiresAt];
  const written = await run(pool, ISSUE, [...row, INSTALLATION, by.actor, by.requestId]);
  if (written.length === 0) throw instanceUnknown(String(instance));
  return { id, label, role, instance, token, expiresAt };
}

const instanceMisplaced = (role: OperatorRole) =>
  new RefusedError(
    'invalid_token_instance',
    role === OF_ONE_INSTANCE
      ? `A token of role ${role} is of one instance: say which.`
      : `A token of role ${role} is of every instance: name none.`,
  );

const LIST: Statement = {
  name: 'list_operator_tokens',
  text: `select id, label, role, instance_id, created_at, expires_at, revoked_at, last_used_at
    from operator_tokens order by id`,
};

/** Every operator token, revoked ones too, oldest first. @throws UnavailableError */
export async function listOperatorTokens(pool: pg.Pool): Promise<OperatorTokenInfo[]> {
  const rows = await run<TokenRow & { role: OperatorRole; instance_id: string | null }>(pool, LIST, []);
  return rows.map((row) => ({ ...toTokenInfo(row), role: row.role, instance: row.instance_id }));
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
 * @throws RefusedError `token_unknown`; UnavailableError
 */
export async function revokeOperatorToken(pool: pg.Pool, id: string, by: Actor): Promise<void> {
  const found = isId(id) ? await run(pool, REVOKE, [id, INSTALLATION, by.actor, by.requestId]) : [];
  if (found.length === 0) throw new RefusedError('token_unknown', `There is no operator token ${id}.`);
}
