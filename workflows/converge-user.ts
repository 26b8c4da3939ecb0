import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import { markApplied, readAsserted } from './activity-options.js';
import { deactivate } from './deactivate.js';
import type { UserKey } from './messages.js';
import { provision } from './provision.js';
import { startOver, untilDone } from './stuck.js';
import { listen } from './wake.js';

/**
 * Brings one user's account to what was last asserted of it, and ends. It is level-triggered: it reads the newest state
 * and never applies an event, so repeated, late and reordered wake-ups do no harm. Whatever is asserted while it runs, it
 * does before it ends; what is asserted later starts the next run under the same id.
 */
export async function convergeUser(user: UserKey): Promise<void> {
  const wake = listen();
  for (;;) {
    wake.changed = false;
    const state = await untilDone(user, wake, () => readAsserted(user));
    if (state === undefined) return;
    if (state !== startOver) {
      const story = state.wanted === 'active' ? provision : deactivate;
      const done = await untilDone(user, wake, () => story(user, state, wake));
      if (done === true && (await settled(user, state.version, wake)) && !wake.changed) return;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof convergeUser>(user);
  }
}

/** True where nothing newer was asserted: the same statement checks that and marks the version applied. */
async function settled(user: UserKey, version: number, wake: Parameters<typeof untilDone>[1]): Promise<boolean> {
  const superseded = await untilDone(user, wake, () =>
    markApplied({ instance: user.instance, users: [{ userId: user.userId, version }] }),
  );
  return superseded !== startOver && superseded.length === 0;
}
