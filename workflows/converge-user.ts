import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { Asserted } from '../src/directory/accounts.js';
import { bePatientFor, leaveTeams, markApplied, readAsserted } from './activity-options.js';
import { tidyUpCancelled } from './cancelled.js';
import { deactivate } from './deactivate.js';
import { waitWhileHeld } from './held.js';
import type { UserKey } from './messages.js';
import { listenToOperators } from './operator.js';
import { provision } from './provision.js';
import { handOverAllReports } from './reports.js';
import { startOver, untilDone } from './stuck.js';
import { tell } from './tell.js';
import { listen, type Wake } from './wake.js';

/**
 * Brings one user's account to what was last asserted of it, and ends. It is level-triggered: it reads the newest state
 * and never applies an event, so repeated, late and reordered wake-ups do no harm. Whatever is asserted while it runs, it
 * does before it ends; what is asserted later starts the next run under the same id.
 */
export async function convergeUser(user: UserKey): Promise<void> {
  const wake = listen();
  listenToOperators(user);
  try {
    for (;;) {
      await untilSettled(user, wake);
      // An operator who has asked for something is answered first.
      await condition(allHandlersFinished);
      if (!wake.changed) return;
    }
  } catch (error) {
    if (isCancellation(error)) await tidyUpCancelled(user);
    throw error;
  }
}

async function untilSettled(user: UserKey, wake: Wake): Promise<void> {
  for (;;) {
    wake.changed = false;
    const state = await untilDone(user, wake, () => readAsserted(user));
    if (state === undefined) return;
    if (state !== startOver) bePatientFor(state.patienceMs);
    if (state !== startOver && (await settle(user, state, wake)) && !wake.changed) return;
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof convergeUser>(user);
    }
  }
}

/** True where the account is what was asserted, the application has been told, and there is nothing to wait for. */
async function settle(user: UserKey, state: Asserted, wake: Wake): Promise<boolean> {
  const end = await converge(user, state, wake);
  if (end === false || wake.changed) return false;
  const isTold = state.hasApplication !== true || (await tell(user, state, wake));
  if (!isTold || wake.changed) return false;
  if (end === 'held') return waitWhileHeld(wake);
  // Who was refused is provisioned once the application has taken the account after all.
  return state.isRefused !== true || state.hasApplication !== true;
}

/** Whether the account is what was asserted, and nothing newer is; or held by the brake. */
async function converge(user: UserKey, state: Asserted, wake: Wake): Promise<boolean | 'held'> {
  if (state.isHeld === true) return 'held';
  if (state.isRefused === true) {
    // A run that was terminated in between may have left reports and team.
    if (!patched('tidy-up-refused')) return true;
    const users = [{ userId: user.userId, version: state.version }];
    const superseded = await untilDone(user, wake, async () => {
      await handOverAllReports(user);
      return leaveTeams({ instance: user.instance, users });
    });
    return superseded !== startOver && superseded.length === 0;
  }
  if (state.isAbandoned === true) {
    return (await untilDone(user, wake, () => handOverAllReports(user))) !== startOver;
  }
  const story = state.wanted === 'active' ? provision : deactivate;
  const done = await untilDone(user, wake, () => story(user, state, wake));
  return done !== startOver && done !== false && (await settled(user, state.version, wake)) && done;
}

/** True where nothing newer was asserted: the same statement checks that and marks the version applied. */
async function settled(user: UserKey, version: number, wake: Wake): Promise<boolean> {
  const superseded = await untilDone(user, wake, () =>
    markApplied({ instance: user.instance, users: [{ userId: user.userId, version }] }),
  );
  return superseded !== startOver && superseded.length === 0;
}
