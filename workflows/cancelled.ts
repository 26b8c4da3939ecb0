import { CancellationScope, log } from '@temporalio/workflow';
import {
  cancelProvisioning,
  leaveTeams,
  markApplied,
  readAsserted,
  showUntold,
  suspendAccounts,
} from './activity-options.js';
import type { UserKey } from './messages.js';
import { handOverAllReports } from './reports.js';

/**
 * What follows a Cancel in the Temporal UI: it gives nobody access, and leaves nobody half moved. A first provisioning is undone; of
 * a deactivation the steps on our own database are finished, and of whom the application does not know it yet is stuck, for the
 * sweeper to see to. Any other change is taken up again by itself. What fails here is the sweeper's too.
 */
export const tidyUpCancelled = (user: UserKey): Promise<void> =>
  CancellationScope.nonCancellable(() => tidyUp(user)).catch((error: unknown) => {
    log.warn('what a cancelled run left could not be tidied up', { error });
  });

async function tidyUp(user: UserKey): Promise<void> {
  const state = await readAsserted(user);
  if (state === undefined || state.isHeld === true) return;
  const { version } = state;
  const at = { instance: user.instance, users: [{ userId: user.userId, version }] };
  const isRefused = state.isRefused === true || state.isAbandoned === true;

  if (state.wanted === 'active' && !isRefused) {
    if (await cancelProvisioning({ ...user, version })) await handOverAllReports(user);
    return;
  }
  if (state.wanted === 'suspended') {
    const ended = await suspendAccounts(at);
    if (ended.superseded.length > 0) return;
    if (ended.held.length > 0) {
      await markApplied(at);
      return;
    }
  }
  await handOverAllReports(user);
  await leaveTeams(at);
  if (state.wanted === 'suspended') await markApplied(at);
  await showUntold(user);
}
