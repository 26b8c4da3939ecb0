import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type pg from 'pg';
import { v4 as uuid } from 'uuid';
import type { Deliverer } from '../src/application/deliver.js';
import { outcomeOf } from '../src/application/outcome.js';
import {
  claimAnnouncement,
  finishAnnouncement,
  freeClaim,
  isMovedLeft,
  refuseAccount,
  showUntold,
} from '../src/directory/announcements.js';
import type { InstanceId, UserId } from '../src/ids.js';
import type { NoteAnnouncement } from '../src/telemetry/announcement-metrics.js';
import { ApplicationGate } from './application-gate.js';
import { importAnnouncementActivities } from './import-announcements.js';
import { tellOfMoved } from './tell-moved.js';

interface UserKey {
  readonly instance: InstanceId;
  readonly userId: UserId;
}

/** What came of telling the application: all of it is told, or it refused this revision for good. */
export type Announced =
  | { readonly outcome: 'told'; readonly movedLeft: boolean }
  | { readonly outcome: 'refused'; readonly status: number; readonly revision: number; readonly isCreation: boolean };

/** One attempt. */
type Attempt =
  | Extract<Announced, { outcome: 'refused' }>
  | { readonly outcome: 'told' }
  /** There may be something newer by now. */
  | { readonly outcome: 'sent' }
  | {
      readonly outcome: 'busy' | 'retry';
      readonly afterMs: number | undefined;
      readonly status?: number | undefined;
      /** True where somebody else tells it at the moment. */
      readonly isClaimed?: boolean;
    };

/** No sooner is anybody tried again. */
const BUSY_MS = 1_000;
/** A claim is good for 30 s, and an attempt takes 15 s at most: one that begins later than this might outlive it. */
const CLAIM_LEFT_MS = 14_000;

/** Tells the application of one user after the other, some at once. */
export function createTeller(pool: pg.Pool, deliverer: Deliverer, note: NoteAnnouncement) {
  const gate = new ApplicationGate();

  const attempt = async ({ instance, userId }: UserKey, answered: (is: boolean) => void): Promise<Attempt> => {
    const token = uuid();
    // The claim begins somewhere between this and its answer, which may take its time.
    const claimedAt = performance.now();
    const claim = await claimAnnouncement(pool, instance, userId, token);
    if (claim.state === 'told') return { outcome: 'told' };
    if (claim.state === 'busy') return { outcome: 'busy', afterMs: claim.busyMs, isClaimed: claim.isClaimed };
    const { type, body, at, url, secrets, revision, proven } = claim;
    const message = `{"type":${JSON.stringify(type)},"timestamp":"${at.toISOString()}","data":${body}}`;
    const key = { instance, user: userId, token };
    if (performance.now() - claimedAt > CLAIM_LEFT_MS) {
      await freeClaim(pool, key);
      return { outcome: 'busy', afterMs: undefined };
    }
    const began = performance.now();
    const delivery = await deliverer.deliver({ url, secrets }, { id: `${userId}.${revision}`, body: message });
    const { status } = delivery;
    answered(status !== undefined);
    const outcome = outcomeOf(status, type === 'account.suspended', proven);
    note(instance, outcome, (performance.now() - began) / 1_000);
    const retryAfter = outcome === 'retry' ? delivery.retryAfter : undefined;
    await finishAnnouncement(pool, key, claim, outcome, { ...delivery, retryAfter });
    if (outcome === 'done') return { outcome: 'sent' };
    if (outcome === 'refused') {
      return { outcome, status: status ?? 0, revision, isCreation: type === 'account.created' };
    }
    return { outcome, afterMs: retryAfter === undefined ? undefined : retryAfter * 1_000, status };
  };

  /** Attempts until all is told or one does not succeed; a place among those in flight is taken first. */
  return async (user: UserKey): Promise<Exclude<Attempt, { outcome: 'sent' }>> => {
    const place = gate.enter(user.instance);
    if ('afterMs' in place) return { outcome: 'busy', afterMs: place.afterMs };
    try {
      for (;;) {
        const result = await attempt(user, place.answered);
        if (result.outcome !== 'sent') return result;
      }
    } finally {
      place.leave();
    }
  };
}

export function announcementActivities(pool: pg.Pool, deliverer: Deliverer, note: NoteAnnouncement) {
  const tell = createTeller(pool, deliverer, note);
  return {
    ...importAnnouncementActivities(pool, async (user) => (await tell(user)).outcome === 'told'),
    /**
     * Tells the application of a user until its newest revision is told or refused.
     * @throws ApplicationFailure `application_unreachable`, to be tried again after what the application asks
     */
    async announce(user: UserKey): Promise<Announced> {
      const result = await tell(user);
      if (result.outcome === 'told') {
        return { outcome: 'told', movedLeft: await isMovedLeft(pool, user.instance) };
      }
      if (result.outcome === 'refused') return result;
      throw ApplicationFailure.create({
        type: 'application_unreachable',
        message:
          result.outcome === 'busy'
            ? 'others tell it at the moment, or it asked for a later time'
            : `answer ${result.status ?? 'none'}`,
        // A claim is freed as soon as its attempt is over: the usual back-off looks again sooner than it would end by itself.
        ...(result.afterMs === undefined || ('isClaimed' in result && result.isClaimed)
          ? {}
          : { nextRetryDelay: Math.max(BUSY_MS, result.afterMs) }),
        ...(result.outcome === 'busy' ? { category: ApplicationFailureCategory.BENIGN } : {}),
      });
    },
    /** Tells the application of all who were moved by others' runs, each once; who can't be told of is left to its own run. */
    async announceMoved({ instance }: { instance: InstanceId }): Promise<void> {
      const { heartbeatDetails, workflowExecution, activityId } = activityInfo();
      const stopping = cancellationSignal();
      await tellOfMoved({
        pool,
        instance,
        teller: `${workflowExecution?.runId} ${activityId}`,
        tell: (userId) => tell({ instance, userId }),
        after: typeof heartbeatDetails === 'string' ? heartbeatDetails : undefined,
        onProgress: heartbeat,
        isStopping: () => stopping.aborted,
        assertRunning: () => {
          if (stopping.aborted && isWorkerShutdown(stopping.reason)) throw stopping.reason;
        },
      });
    },
  };
}

const isWorkerShutdown = (reason: unknown): boolean =>
  reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN';

/** The steps on our own database for what could not be told. */
export const refusalActivities = (pool: pg.Pool) => ({
  /** Returns whether the account is refused now; false where something newer was asserted. */
  refuseAccount: ({
    instance,
    userId,
    version,
    revision,
  }: UserKey & { version: number; revision: number }): Promise<boolean> =>
    refuseAccount(pool, instance, userId, version, revision),
  /** Shows as stuck of whom a cancelled run has not told the application. */
  showUntold: ({ instance, userId }: UserKey): Promise<void> => showUntold(pool, instance, userId),
});

export type ApplicationActivities = ReturnType<typeof announcementActivities>;
