import { condition, isCancellation, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Reason } from '../src/directory/progress-list.js';
import { showStuck } from './activity-options.js';
import type { UserKey } from './messages.js';
import { searchAttributes } from './search-attributes.js';
import type { Wake } from './wake.js';

/** Minutes until the next round after a step's patience has run out; the last one repeats. */
const ROUNDS = [1, 5, 15, 60];

/** A run that was woken in the middle of something reads its rows anew instead of going on. */
export const startOver = Symbol('start over');

/**
 * Does a step until it is done. A step that fails for longer than its patience makes its user stuck: a state that is shown
 * in the run, its search attributes and the progress, never a failed run. It is tried again in rounds, or as soon as the
 * run is woken, and then the run reads its rows anew.
 */
export async function untilDone<Result>(
  user: UserKey,
  wake: Wake,
  step: () => Promise<Result>,
): Promise<Result | typeof startOver> {
  let stuck = false;
  for (let round = 0; ; round++) {
    try {
      const result = await step();
      if (stuck) showFree();
      return result;
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
    const minutes = ROUNDS[Math.min(round, ROUNDS.length - 1)] ?? 60;
    if (!stuck) showStuckRun();
    stuck = true;
    await showStuck({ ...user, reason: REASON, nextRoundMs: minutes * 60_000 }).catch((error: unknown) => {
      if (isCancellation(error)) throw error;
    });
    if (await condition(() => wake.changed, `${minutes}m`, { summary: `stuck: round ${round + 2}` })) {
      showFree();
      return startOver;
    }
  }
}

/** The only thing that a step on our own database can fail for. */
const REASON: Reason = 'directory_unavailable';

function showStuckRun(): void {
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'stuck' },
    { key: searchAttributes.reason, value: REASON },
    { key: searchAttributes.stuckSince, value: new Date() },
  ]);
  setCurrentDetails(
    '**Stuck:** the directory (PostgreSQL) refuses a step. Look at the pending step and at the worker log; it is tried again by itself.',
  );
}

function showFree(): void {
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'provisioning' },
    { key: searchAttributes.reason, value: null },
    { key: searchAttributes.stuckSince, value: null },
  ]);
  setCurrentDetails('');
}
