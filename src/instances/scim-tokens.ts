import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { run, type Statement } from '../database/pool.js';
import type { Actor } from '../directory/users.js';
import { instanceUnknown, RefusedError } from '../errors.js';
import { type InstanceId, isId } from '../ids.js';
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

const ISSUE_SCIM: Statement = {
  name: 'issue_scim_token',
  text: `
    with issued as (
      insert into scim_tokens (instance_id, id, digest, label, expires_at)
      select i.id, $2, $3, $4, $5 from instances i where i.id = $1
      returning instance_id, id
    )
    insert into audit_log (instance_id, actor, action, outcome, request_id)
    select issued.instance_id, $6, 'token.issue:' || issued.id, 'accepted', $7 from issued
    returning 1`,
};

/**
 * Issues a SCIM token for an instance: 256 random bits, kept as a digest. Several may be valid at once. It is good for a
 * year unless told otherwise, for ever where `expiresAt` is null. The audit row names the token by its id.
 * @throws RefusedError `instance_unknown`; UnavailableError
 */
export async function issueScimToken(
  pool: pg.Pool,
  secret: string,
  instance: InstanceId,
  { label, expiresAt = inDays(DEFAULT_DAYS) }: { label: string; expiresAt?: Date | null },
  by: Actor,
): Promise<IssuedToken> {
  const token = newToken();
  const id = uuid();
  const values = [instance, id, digestOf(secret, token), label, expiresAt, by.actor, by.requestId];
  const written = await run(pool, ISSUE_SCIM, values);
  if (written.length === 0) throw instanceUnknown(instance);
  return { id, label, token, expiresAt };
}

const ROTATE_SCIM: Statement = {
  name: 'rotate_scim_token',
  text: `
    with old as (
      update scim_tokens set expires_at = least(expires_at, now() + make_interval(secs => $5))
      where instance_id = $1 and id = $2 and revoked_at is null and (expires_at is null or expires_at > now())
      returning instance_id, id, label
    ),
    issued as (
      insert into scim_tokens (instance_id, id, digest, label, expires_at)
      select old.instance_id, $3, $4, old.label, $6 from old
      returning instance_id, id, label
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, outcome, request_id)
      select issued.instance_id, $7, 'token.rotate:' || $2 || ':' || issued.id, 'accepted', $8 from issued
    )
    select label from issued`,
};

/**
 * Issues a successor of a good token, under the same label; the old one expires after so many seconds, so that Okta can be
 * given the new one without a gap. @throws RefusedError `token_unknown` where there is no such token that is good; UnavailableError
 */
export async function rotateScimToken(
  pool: pg.Pool,
  secret: string,
  instance: InstanceId,
  id: string,
  overlapSeconds: number,
  by: Actor,
): Promise<IssuedToken> {
  const token = newToken();
  const newId = uuid();
  const expiresAt = inDays(DEFAULT_DAYS);
  const digest = digestOf(secret, token);
  const values = [instance, id, newId, digest, overlapSeconds, expiresAt, by.actor, by.requestId];
  const [issued] = isId(id) ? await run<{ label: string }>(pool, ROTATE_SCIM, values) : [];
  if (issued === undefined) throw tokenUnknown(instance, id);
  return { id: newId, label: issued.label, token, expiresAt };
}

const tokenUnknown = (instance: InstanceId, id: string) =>
  new RefusedError('token_unknown', `The instance ${instance} has no token ${id}.`);

const LIST_SCIM: Statement = {
  name: 'list_scim_tokens',
  text: `select t.id, t.label, t.created_at, t.expires_at, t.revoked_at, t.last_used_at
    from instances i left join scim_tokens t on t.instance_id = i.id where i.id = $1 order by t.id`,
};

/** Every SCIM token of an instance, revoked ones too, oldest first. @throws RefusedError `instance_unknown`; UnavailableError */
export async function listScimTokens(pool: pg.Pool, instance: InstanceId): Promise<TokenInfo[]> {
  const rows = await run<TokenRow | { id: null }>(pool, LIST_SCIM, [instance]);
  if (rows.length === 0) throw instanceUnknown(instance);
  return rows.flatMap((row) => (row.id === null ? [] : [toTokenInfo(row)]));
}

const REVOKE_SCIM: Statement = {
  name: 'revoke_scim_token',
  text: `
    with revoked as (
      update scim_tokens set revoked_at = now() where instance_id = $1 and id = $2 and revoked_at is null
      returning instance_id, id
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, outcome, request_id)
      select revoked.instance_id, $3, 'token.revoke:' || revoked.id, 'accepted', $4 from revoked
    )
    select id from scim_tokens where instance_id = $1 and id = $2`,
};

/**
 * Revokes a SCIM token; holds everywhere within a second. One that was revoked before stays as it is.
 * @throws RefusedError `token_unknown` where the instance has no such token, whatever the id looks like; UnavailableError
 */
export async function revokeScimToken(pool: pg.Pool, instance: InstanceId, id: string, by: Actor): Promise<void> {
  const found = isId(id) ? await run(pool, REVOKE_SCIM, [instance, id, by.actor, by.requestId]) : [];
  if (found.length === 0) throw tokenUnknown(instance, id);
}
