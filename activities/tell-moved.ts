import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { beginTellingMoved, endTellingMoved, leaveToOwnRun, listMoved } from '../src/directory/announcements.js';
import { BEFORE_ALL } from '../src/directory/page.js';
import type { InstanceId, UserId } from '../src/ids.js';

/** What came of telling of one user; busy by a claim, somebody else is telling it at this moment. */
interface Told {
  readonly outcome: string;
  readonly isClaimed?: boolean | undefined;
  readonly afterMs?: number | undefined;
}

export interface MovedPass {
  readonly pool: pg.Pool;
  readonly instance: InstanceId;
  /** Who tells: the same again after a crash, and nobody else at the same time. */
  readonly teller: string;
  readonly tell: (user: UserId) => Promise<Told>;
  /** Told of how far it has come; a later attempt begins there. */
  readonly onProgress: (after: string) => void;
  readonly after?: string | undefined;
  /** True where it is to come to its end: nobody is waited for any more. */
  readonly isStopping: () => boolean;
  /** @throws what ends the pass where its worker ends: another goes on from there, and nobody is left to a run of their own */
  readonly assertRunning: () => void;
}

const PAGE = 500;
const IN_FLIGHT = 20;
const RENEW_MS = 10_000;
/** How soon to look again at whom others are telling. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Tells of all who were moved by others' runs, in one pass at a time for an instance: whoever moves somebody meanwhile leaves it to
 * that one. Each is tried once; who can't be told of is left to its own run.
 */
export async function tellOfMoved(pass: MovedPass): Promise<void> {
  const { pool, instance, teller } = pass;
  let after = pass.after;
  do {
    if (!(await beginTellingMoved(pool, instance, teller))) return;
    const renew = (): void => void beginTellingMoved(pool, instance, teller).catch(() => undefined);
    const renewing = setInterval(renew, RENEW_MS);
    try {
      await tellAll({ ...pass, after });
    } finally {
      clearInterval(renewing);
    }
    await endTellingMoved(pool, instance, teller);
    after = undefined;
    // Whoever has moved somebody up to now has left it to this one.
  } while ((await listMoved(pool, instance, BEFORE_ALL, 1)).length > 0);
}

async function tellAll({
  pool,
  instance,
  tell,
  onProgress,
  after,
  isStopping,
  assertRunning,
}: MovedPass): Promise<void> {
  /** Of whom others are telling, and until when: they say themselves when it is done. Only who dies does not. */
  const claimed = new Map<UserId, number>();
  let place = after ?? BEFORE_ALL;
  for (;;) {
    const page = await listMoved(pool, instance, place, PAGE);
    const waiting = page.values();
    const lane = async (): Promise<void> => {
      for (const user of waiting) {
        assertRunning();
        const until = claimed.get(user);
        if (until !== undefined && performance.now() < until && !isStopping()) continue;
        const { outcome, isClaimed, afterMs = 0 } = await tell(user);
        if (outcome === 'busy' && isClaimed === true && until === undefined && !isStopping()) {
          claimed.set(user, performance.now() + afterMs);
        } else if (outcome !== 'told') await leaveToOwnRun(pool, instance, user);
        onProgress(place);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    place = page.at(-1) ?? BEFORE_ALL;
    if (page.length === PAGE) continue;
    place = BEFORE_ALL;
    const left = await listMoved(pool, instance, BEFORE_ALL, claimed.size + 1);
    if (left.length === 0) return;
    onProgress(BEFORE_ALL);
    if (left.every((user) => claimed.has(user))) await delay(LOOK_AGAIN_MS);
  }
}
