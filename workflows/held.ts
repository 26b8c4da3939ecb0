import { condition, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Reason } from '../src/directory/progress-list.js';
import { searchAttributes } from './search-attributes.js';
import type { Wake } from './wake.js';

/**
 * Rule 12: a deactivation that the brake holds waits until somebody releases or reverts the hold, or Okta says something new. Whoever
 * does wakes the run, which reads its rows anew: hence never true.
 */
export async function waitWhileHeld(wake: Wake): Promise<false> {
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'held' },
    { key: searchAttributes.reason, value: 'brake_held' satisfies Reason },
  ]);
  setCurrentDetails(
    '**Held by the brake.** Too many people of this instance were unassigned at once. Access is off; reports and team stay until an operator releases the hold (*roster brake release*) or reverts it (*roster brake revert*).',
  );
  await condition(() => wake.changed);
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'deactivating' },
    { key: searchAttributes.reason, value: null },
  ]);
  setCurrentDetails('');
  return false;
}
