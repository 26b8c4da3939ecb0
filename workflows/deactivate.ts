import type { Asserted } from '../src/directory/accounts.js';
import { leaveTeams, readAsserted, rejoinTeams, suspendAccounts, updateAccounts } from './activity-options.js';
import type { UserKey } from './messages.js';
import { adoptAllReports, handOverAllReports } from './reports.js';
import { Saga } from './saga.js';
import { tellMeanwhile } from './tell.js';
import type { Wake } from './wake.js';

/**
 * The story of a user who is unassigned. Access is off already, since the front door's own statement ended it; behind it
 * the reports are handed over and the team is left, unless too many are unassigned at once: then both wait for an operator
 * (rule 12). Assigned again in the middle, the user gets both back (rule 7). Returns false where something newer was asserted.
 */
export async function deactivate(user: UserKey, state: Asserted, wake: Wake): Promise<boolean | 'held'> {
  const at = { instance: user.instance, users: [{ userId: user.userId, version: state.version }] };
  const ended =
    state.isUnassigned === true ? await suspendAccounts(at) : { superseded: await updateAccounts(at), held: [] };
  if (ended.superseded.length > 0) return false;

  await tellMeanwhile(user, state);
  if (ended.held.length > 0) return 'held';

  const saga = new Saga();
  saga.register(() => adoptAllReports(user));
  await handOverAllReports(user);
  if (wake.changed && (await assignedAgain(user, saga))) return false;

  saga.register(() => rejoinTeam(user));
  const superseded = await leaveTeams(at);
  if (superseded.length > 0) await assignedAgain(user, saga);
  return superseded.length === 0;
}

/** Where the user is wanted again the account is given back and what was done is undone, evaluated anew by rule 2. */
async function assignedAgain(user: UserKey, saga: Saga): Promise<boolean> {
  const now = await readAsserted(user);
  if (now?.wanted !== 'active') return false;
  await updateAccounts({ instance: user.instance, users: [{ userId: user.userId, version: now.version }] });
  await saga.compensate();
  return true;
}

async function rejoinTeam(user: UserKey): Promise<void> {
  const now = await readAsserted(user);
  if (now?.wanted === 'active') {
    await rejoinTeams({ instance: user.instance, users: [{ userId: user.userId, version: now.version }] });
  }
}
