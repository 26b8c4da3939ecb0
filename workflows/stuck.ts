import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
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
 * @returns the step's result, or `startOver` where the run was woken or its history is long. @throws the cancellation, nothing else
 */
export async function untilDone<Result>(
  user: UserKey,
  wake: Wake,
  step: () => Promise<Result>,
): Promise<Result | typeof startOver> {
  let stuck: Reason | undefined;
  const before = stageBefore();
  let reason: Reason;
  for (let round = 0; ; round++) {
    try {
      const result = await step();
      if (stuck !== undefined) showFree(before);
      return result;
    } catch (error) {
      if (isCancellation(error)) throw error;
      reason = reasonOf(error);
    }
    const minutes = ROUNDS[Math.min(round, ROUNDS.length - 1)] ?? 60;
    if (stuck !== reason) showStuckRun(reason, stuck === undefined);
    stuck = reason;
    await showStuck({ ...user, reason, nextRoundMs: minutes * 60_000 }).catch((error: unknown) => {
      if (isCancellation(error)) throw error;
    });
    const woken = await condition(() => wake.changed, `${minutes}m`, { summary: `stuck: until try ${round + 2}` });
    // A run that is stuck for months goes on as a new one before its history is too long.
    if (woken || workflowInfo().continueAsNewSuggested) {
      showFree(before);
      return startOver;
    }
  }
}

/** What a run shows again once it is no longer stuck. */
function stageBefore(): string {
  const shown = workflowInfo().typedSearchAttributes.get(searchAttributes.stage);
  return shown === undefined || shown === 'stuck' ? 'provisioning' : shown;
}

/** What a step on our own database fails for, and what a call to the application does. */
function reasonOf(error: unknown): Reason {
  if (error instanceof ApplicationFailure && error.type === 'application_refused') return 'application_refused';
  const isTelling = error instanceof ActivityFailure && error.activityType === 'announce';
  const isOurs =
    isTelling && error.cause instanceof ApplicationFailure && error.cause.type !== 'application_unreachable';
  return isTelling && !isOurs ? 'application_unreachable' : 'directory_unavailable';
}

/** What an operator can do but wait, and where the Temporal UI has it. */
const RETRY = 'It is tried again by itself, or at once with *More Actions*, *Send an Update*, `retryNow`';

/** What an operator reads in the run. The application's own words are in the progress: they may name people. */
const DETAILS: Partial<Record<Reason, string>> = {
  directory_unavailable: `**Stuck:** the directory (PostgreSQL) refuses a step. Look at the pending step and at the worker log. ${RETRY}.`,
  application_unreachable: `**Stuck:** the application does not take what it is told. See its answers in the failures of *announce*, and its words with \`roster stuck\`. ${RETRY}, and as soon as it takes anything.`,
  application_refused: `**Stuck:** the application refused this user. See its words with \`roster stuck\`: mend what they say, in Okta or there. ${RETRY}, and as soon as Okta changes the user.`,
};

function showStuckRun(reason: Reason, isNew: boolean): void {
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'stuck' },
    { key: searchAttributes.reason, value: reason },
    ...(isNew ? [{ key: searchAttributes.stuckSince, value: new Date() }] : []),
  ]);
  setCurrentDetails(DETAILS[reason] ?? '');
}

function showFree(stage: string): void {
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: stage },
    { key: searchAttributes.reason, value: null },
    { key: searchAttributes.stuckSince, value: null },
  ]);
  setCurrentDetails('');
}
