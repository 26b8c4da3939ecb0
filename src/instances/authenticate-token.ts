import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';
import type { OperatorRole } from './operator-tokens.js';
import { SWITCHES, type Switches } from './switches.js';
import { digestOf } from './token.js';

/** How much a token may ask: so many requests a second, and so many at once. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a good SCIM token says: which token it is, the one instance that it opens, and how much it may ask (null: any). */
export interface ScimIdentity {
  readonly tokenId: string;
  readonly instance: InstanceId;
  readonly rateLimit: RateLimit | null;
  readonly switches: Switches;
  /** Whether the instance wants bodies in its request log, redacted. */
  readonly logsBodies: boolean;
}

/** What a good operator token says. */
export interface OperatorIdentity {
  readonly tokenId: string;
  readonly role: OperatorRole;
  /** The only instance there is for it; null for any. */
  readonly instance: InstanceId | null;
}

/** Finds out whom a token stands for; undefined where it is unknown, expired or revoked. @throws UnavailableError */
export type TokenLookup<Identity> = (token: string) => Promise<Identity | undefined>;

/** A good token is remembered this long at most, with its instance's switches, so that a revocation holds everywhere within that time. */
export const REMEMBERED_MS = 1_000;
/** How many tokens are remembered at once; more are looked up each time. */
const REMEMBERED_TOKENS = 10_000;

/** That a token is neither expired nor revoked, in SQL. */
export const GOOD = '(expires_at is null or expires_at > now()) and revoked_at is null';
const NOT_JUST_NOW = `(last_used_at is null or last_used_at < now() - interval '1 minute')`;

const FIND_SCIM: Statement = {
  name: 'find_scim_token',
  text: `select t.id as "tokenId", t.instance_id as instance, i.rate_limit as "rateLimit",
      coalesce(i.log_bodies_until > now(), false) as "logsBodies",
      ${SWITCHES} as switches
    from scim_tokens t join instances i on i.id = t.instance_id where t.digest = $1 and ${GOOD}`,
};
const FIND_OPERATOR: Statement = {
  name: 'find_operator_token',
  text: `select id as "tokenId", role, instance_id as instance from operator_tokens where digest = $1 and ${GOOD}`,
};

const USE_SCIM: Statement = {
  name: 'use_scim_token',
  text: `update scim_tokens set last_used_at = now() where instance_id = $1 and id = $2 and ${NOT_JUST_NOW}`,
};
const USE_OPERATOR: Statement = {
  name: 'use_operator_token',
  text: `update operator_tokens set last_used_at = now() where id = $1 and ${NOT_JUST_NOW}`,
};

/** Looks SCIM tokens up, each at most once a second. */
export const scimTokenLookup = (pool: pg.Pool, secret: string): TokenLookup<ScimIdentity> =>
  lookup<ScimIdentity>(pool, secret, FIND_SCIM, ({ instance, tokenId }) => run(pool, USE_SCIM, [instance, tokenId]));

/** Looks operator tokens up, each at most once a second. */
export const operatorTokenLookup = (pool: pg.Pool, secret: string): TokenLookup<OperatorIdentity> =>
  lookup<OperatorIdentity>(pool, secret, FIND_OPERATOR, ({ tokenId }) => run(pool, USE_OPERATOR, [tokenId]));

function lookup<Identity extends { tokenId: string }>(
  pool: pg.Pool,
  secret: string,
  find: Statement,
  markUsed: (identity: Identity) => Promise<unknown>,
): TokenLookup<Identity> {
  const remembered = new Map<string, { identity: Promise<Identity | undefined>; until: number }>();
  const usedAt = new Map<string, number>();

  /** Written aside, once a minute: that it fails must not refuse a request. */
  const noteUse = (identity: Identity): void => {
    const { tokenId } = identity;
    const now = Date.now();
    if (now - (usedAt.get(tokenId) ?? 0) < 60_000) return;
    usedAt.set(tokenId, now);
    void markUsed(identity).catch(() => usedAt.delete(tokenId));
  };

  return async (token) => {
    const now = Date.now();
    const known = remembered.get(token);
    if (known !== undefined && known.until > now) return known.identity;

    const identity = run<Identity>(pool, find, [digestOf(secret, token)]).then(([row]) => row);
    if (remembered.size >= REMEMBERED_TOKENS) remembered.clear();
    remembered.set(token, { identity, until: now + REMEMBERED_MS });
    try {
      const found = await identity;
      if (found === undefined) remembered.delete(token);
      else noteUse(found);
      return found;
    } catch (error) {
      remembered.delete(token);
      throw error;
    }
  };
}
