import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { seal } from './seals.js';

/** A sealed row of the audit log. */
export interface AuditRow {
  /** In the instance's chain, from 1 on. */
  readonly position: number;
  readonly at: Date;
  /** `scim:<token id>`, `operator:<token id>`, `temporal:<who said so in its UI>`, `temporal`, `cli`, or `roster`. */
  readonly actor: string;
  readonly action: string;
  readonly userId: UserId | null;
  readonly groupId: string | null;
  /** The version that it made. */
  readonly version: number | null;
  /** The names of the attributes, or of the settings, that it changed, with commas between them; of an erasure, the rows (`note:<position>`) whose notes it took away. */
  readonly changed: string | null;
  readonly outcome: 'accepted' | 'refused' | 'ignored';
  readonly reason: string | null;
  /** An operator's own reason. */
  readonly note: string | null;
  readonly requestId: string | null;
  /** When the request came in. */
  readonly receivedAt: Date | null;
  /** Over the row before and this one, in hexadecimal digits. */
  readonly hash: string;
}

/** Every condition given must hold. */
export interface AuditFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly userId?: UserId | undefined;
}

const LIST: Statement = {
  name: 'list_audit',
  text: `
    select position::double precision, at, actor, action, user_id as "userId", group_id as "groupId",
      version::double precision, changed, outcome, reason, note, request_id as "requestId", received_at as "receivedAt", encode(hash, 'hex') as hash
    from audit_log
    where instance_id = $1 and position < coalesce($2::bigint, 9223372036854775807) and ($3::timestamptz is null or at >= $3)
      and ($4::timestamptz is null or at < $4) and ($5::uuid is null or user_id = $5)
    order by position desc limit $6`,
};

/** An instance's audit rows, the newest first, from before a position on. @throws UnavailableError */
export async function listAudit(
  pool: pg.Pool,
  instance: InstanceId,
  { from, to, userId }: AuditFilter,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
): Promise<AuditRow[]> {
  await seal(pool, instance);
  return run<AuditRow>(pool, LIST, [instance, before ?? null, from ?? null, to ?? null, userId ?? null, limit]);
}
