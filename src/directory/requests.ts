import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';

/** A request as it is written down. */
export interface RequestEntry {
  /** A UUID version 7. */
  readonly id: string;
  readonly at: Date;
  /** Undefined where the token was refused; then `digest` may still tell whose it was. */
  readonly instance: InstanceId | undefined;
  readonly tokenId: string | undefined;
  readonly digest: Buffer | undefined;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly scimType: string | undefined;
  readonly detail: string | undefined;
  readonly ms: number;
  readonly requestId: string;
  readonly userId: string | undefined;
  /** Redacted, as JSON text. */
  readonly body: string | undefined;
}

const INSERT: Statement = {
  name: 'insert_requests',
  text: `
    insert into requests (instance_id, id, at, token_id, method, path, status, scim_type, detail, ms, request_id, user_id, body)
    select coalesce(e.instance_id, t.instance_id), e.id, e.at, coalesce(e.token_id, t.id), e.method, e.path, e.status, e.scim_type,
      e.detail, e.ms, e.request_id, e.user_id, e.body
    from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::bytea[], $6::text[], $7::text[], $8::smallint[],
      $9::text[], $10::text[], $11::real[], $12::text[], $13::uuid[], $14::jsonb[])
      as e (instance_id, id, at, token_id, digest, method, path, status, scim_type, detail, ms, request_id, user_id, body)
    left join scim_tokens t on t.digest = e.digest
    where coalesce(e.instance_id, t.instance_id) is not null
    -- Written already, where the answer of the first try was lost.
    on conflict (instance_id, id) do nothing`,
};

/**
 * Writes requests down in one statement. Those of a revoked or expired token are its instance's; those of a token that
 * never was are nobody's, and not kept. @throws UnavailableError
 */
export async function insertRequests(pool: pg.Pool, entries: readonly RequestEntry[]): Promise<void> {
  const column = (value: (entry: RequestEntry) => unknown): unknown[] => entries.map((entry) => value(entry) ?? null);
  await run(pool, INSERT, [
    column(({ instance }) => instance),
    column(({ id }) => id),
    column(({ at }) => at),
    column(({ tokenId }) => tokenId),
    column(({ digest }) => digest),
    column(({ method }) => method),
    column(({ path }) => path),
    column(({ status }) => status),
    column(({ scimType }) => scimType),
    column(({ detail }) => detail),
    column(({ ms }) => ms),
    column(({ requestId }) => requestId),
    column(({ userId }) => userId),
    column(({ body }) => body),
  ]);
}

/** A request as operators see it. */
export interface LoggedRequest {
  readonly id: string;
  readonly at: Date;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly scimType: string | null;
  readonly detail: string | null;
  readonly milliseconds: number;
  readonly token: { readonly id: string; readonly label: string } | null;
  readonly requestId: string;
  readonly userId: string | null;
  readonly body: unknown;
}

const SELECT = `
  select r.id, r.at, r.method, r.path, r.status::integer, r.scim_type as "scimType", r.detail, r.ms::double precision as milliseconds,
    case when t.id is not null then json_build_object('id', t.id, 'label', t.label) end as token,
    r.request_id as "requestId", r.user_id as "userId", r.body
  from requests r left join scim_tokens t on t.instance_id = r.instance_id and t.id = r.token_id
  where r.instance_id = $1`;
const BEFORE: Statement = {
  name: 'requests_before',
  text: `${SELECT} and ($2::uuid is null or r.id < $2) order by r.id desc limit $3`,
};
const SINCE: Statement = { name: 'requests_since', text: `${SELECT} and r.at >= $2 order by r.id limit $3` };

/** An instance's requests, the newest first, from before an id on. @throws UnavailableError */
export const listRequests = (
  pool: pg.Pool,
  instance: InstanceId,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<LoggedRequest[]> => run<LoggedRequest>(pool, BEFORE, [instance, after ?? null, limit]);

/** The requests since a moment, the oldest first: each is written down a little after it came. @throws UnavailableError */
export const requestsSince = (
  pool: pg.Pool,
  instance: InstanceId,
  moment: Date,
  limit: number,
): Promise<LoggedRequest[]> => run<LoggedRequest>(pool, SINCE, [instance, moment, limit]);

/** So many at a time, so that no statement takes long after a pause of days. */
const FORGOTTEN_AT_ONCE = 10_000;
const FORGET: Statement = {
  name: 'forget_requests',
  text: `delete from requests where ctid = any (array(
    select ctid from requests where at < now() - interval '7 days' limit ${FORGOTTEN_AT_ONCE})) returning 1`,
};

/** Takes away what is older than seven days. @throws UnavailableError */
export async function forgetOldRequests(pool: pg.Pool): Promise<void> {
  while ((await run(pool, FORGET, [])).length === FORGOTTEN_AT_ONCE);
}
