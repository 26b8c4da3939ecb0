import type pg from 'pg';
import { v4 as uuid } from 'uuid';
import type { Deliverer } from '../src/application/deliver.js';
import { outcomeOf } from '../src/application/outcome.js';
import { claimAnnouncement, finishAnnouncement, freeClaim } from '../src/directory/announcements.js';
import type { NoteAnnouncement } from '../src/telemetry/announcement-metrics.js';
import type { UserKey } from '../workflows/messages.js';
import type { Announced } from './announcements.js';
import { ApplicationGate } from './application-gate.js';

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

/** A claim is good for 30 s, and an attempt takes 15 s at most: one that begins later than this might outlive it. */
const CLAIM_LEFT_MS = 14_000;

/**
 * Tells the application of one user after the other, some at once.
 * @returns a function that tells of a user until the newest revision is told (`told`), refused, or can't be told now: `retry` where an
 * attempt failed, `busy` where another's claim, the application's own wish or its outage stands before it, for `afterMs` milliseconds.
 * It throws UnavailableError.
 * @param note gets the outcome of each attempt and how long it took, in seconds
 */
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
