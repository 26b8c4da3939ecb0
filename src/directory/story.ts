import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import { RefusedError } from '../errors.js';
import type { InstanceId, UserId } from '../ids.js';
import type { Reason, Stage } from './progress-list.js';
import { seal } from './seals.js';

/** What is in the audit log of a user: asserted by Okta, a file or an operator, or refused, or done by an operator. */
interface AuditEntry {
  readonly source: 'audit';
  readonly action: string;
  readonly actor: string;
  readonly version: number | null;
  readonly changed: string | null;
  readonly outcome: 'accepted' | 'refused' | 'ignored';
  readonly reason: string | null;
  readonly note: string | null;
  readonly requestId: string | null;
}

/** An effective change of the account, and how its manager came about. */
interface EventEntry {
  readonly source: 'event';
  readonly type: string;
  readonly revision: number;
  readonly body: {
    readonly status: string;
    readonly role: string;
    readonly manager: { readonly userName: string; readonly origin: 'assigned' | 'default' } | null;
    readonly team: { readonly name: string } | null;
  };
  readonly why: {
    readonly isNamed: boolean;
    readonly isWaiting: boolean;
    readonly isOnCircle: boolean;
    readonly meant: UserId | null;
    readonly by: 'id' | 'externalId' | 'userName' | 'e-mail' | null;
  } | null;
}

/** What the application answered to a revision. */
interface AnswerEntry {
  readonly source: 'answer';
  readonly type: string;
  readonly revision: number;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly outcome: 'done' | 'refused' | 'retry';
  readonly attempts: number;
  readonly firstAt: string;
  readonly words: string;
}

/** Where an entry stands among a user's: by time, and in the order of cause and effect where that is the same. */
export interface StoryPlace {
  readonly at: Date;
  readonly rank: number;
  readonly number: number;
}

export type StoryEntry = StoryPlace & { readonly data: AuditEntry | EventEntry | AnswerEntry };

const LIST: Statement = {
  name: 'list_story',
  text: `
    select at, rank, number::double precision, data
    from (
      select date_trunc('milliseconds', a.at) as at, 1 as rank, a.entry as number, json_build_object('source', 'audit', 'action', a.action,
        'actor', a.actor, 'version', a.version, 'changed', a.changed, 'outcome', a.outcome, 'reason', a.reason, 'note', a.note,
        'requestId', a.request_id) as data
      from audit_log a
      where a.instance_id = $1 and a.user_id = $2 and a.position is not null and a.action <> 'user.suspension_told'
      union all
      select e.at, 2, e.entry, json_build_object('source', 'event', 'type', e.type, 'revision', e.revision, 'body', e.body, 'why', e.why)
      from events e where e.instance_id = $1 and e.user_id = $2
      union all
      select date_trunc('milliseconds', w.last_at), 3, w.revision * 1000 + w.status, json_build_object('source', 'answer', 'type', w.type,
        'revision', w.revision, 'status', w.status, 'outcome', w.outcome, 'attempts', w.attempts, 'firstAt', w.first_at,
        'words', w.words)
      from answers w where w.instance_id = $1 and w.user_id = $2
    ) story
    where (at, rank, number) > ($3::timestamptz, $4::integer, $5::bigint)
    order by at, rank, number limit $6`,
};

/**
 * One page of a user's history, the oldest first, from after a place on: what was asserted, what was decided and why, what the
 * application answered, what operators did. Effective changes and answers are kept for 30 days. @throws UnavailableError
 */
export async function listStory(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId,
  after: StoryPlace | undefined,
  limit: number,
): Promise<StoryEntry[]> {
  await seal(pool, instance);
  const { at = new Date(0), rank = 0, number = 0 } = after ?? {};
  return run<StoryEntry>(pool, LIST, [instance, user, at, rank, number, limit]);
}

/** Where a user stands now. */
export interface StoryHead {
  readonly userId: UserId;
  readonly userName: string;
  /** What Okta sent of the manager, as it is. */
  readonly managerReference: string | null;
  readonly stage: Stage | null;
  readonly reason: Reason | null;
  readonly message: string | null;
}

const HEAD: Statement = {
  name: 'story_head',
  text: `
    select u.id as "userId", u.user_name as "userName", u.manager_reference as "managerReference", p.stage, p.reason, p.message
    from users u left join progress p on p.instance_id = u.instance_id and p.user_id = u.id
    where u.instance_id = $1 and (u.id = $2 or $2 is null and u.user_name_key = $3 and u.deleted_at is null)`,
};

/**
 * Whom a story is about: by id, deleted users too, or by the folded userName. @throws RefusedError `not_found`; UnavailableError
 */
export async function storyHead(
  pool: pg.Pool,
  instance: InstanceId,
  who: { readonly id: UserId } | { readonly userNameKey: string },
): Promise<StoryHead> {
  const values = 'id' in who ? [who.id, null] : [null, who.userNameKey];
  const [head] = await run<StoryHead>(pool, HEAD, [instance, ...values]);
  if (head === undefined) throw new RefusedError('not_found', 'There is no such user in this instance.');
  return head;
}
