import { condition, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Asserted } from '../src/directory/accounts.js';
import type { Reason } from '../src/directory/progress-list.js';
import { createAccounts, findManagers, joinTeams, updateAccounts } from './activity-options.js';
import type { UserKey } from './messages.js';
import { adoptAllReports } from './reports.js';
import { searchAttributes } from './search-attributes.js';
import { tellMeanwhile } from './tell.js';
import type { Wake } from './wake.js';

/**
 * The story of a user who is assigned: the account is there at once, adopts who waits for it or fell back, waits a while
 * for its own manager, and joins the team. Returns false where something newer was asserted or may have been: the run
 * then reads anew.
 */
export async function provision(user: UserKey, state: Asserted, wake: Wake): Promise<boolean> {
  const at = { instance: user.instance, users: [{ userId: user.userId, version: state.version }] };

  const superseded = await (state.isNew ? createAccounts(at) : updateAccounts(at));
  if (superseded.length > 0) return false;

  await adoptAllReports(user);

  const found = await findManagers(at);
  if (found.superseded.length > 0) return false;
  const [wait] = found.waits;
  if (wait !== undefined) {
    await tellMeanwhile(user, state);
    if (await wokenWhileWaiting(wait.waitMs, wake)) return false;
  }

  return (await joinTeams(at)).length === 0;
}

/** Rule 4: the wait for a manager who is not there yet. True where the run was woken before the deadline. */
async function wokenWhileWaiting(waitMs: number, wake: Wake): Promise<boolean> {
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'waiting for manager' },
    { key: searchAttributes.reason, value: 'manager_unknown' satisfies Reason },
  ]);
  setCurrentDetails(
    '**Waiting for the manager.** The manager that Okta names is not here yet. When the wait is over the default manager takes the place; the real one adopts this user whenever it comes.',
  );
  const woken = await condition(() => wake.changed, waitMs, { summary: 'manager wait' });
  upsertSearchAttributes([
    { key: searchAttributes.stage, value: 'provisioning' },
    { key: searchAttributes.reason, value: null },
  ]);
  setCurrentDetails('');
  return woken;
}
