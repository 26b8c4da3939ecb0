import type { Activities } from '../activities/index.js';
import type { UserId } from '../src/ids.js';
import { adoptReports, handOverReports } from './activity-options.js';
import type { UserKey } from './messages.js';

/** Moves everybody over whose reference now means this user, and back who refers to it no longer (rule 4). */
export const adoptAllReports = (user: UserKey): Promise<void> => everyPage(user, adoptReports);

/** Moves this user's reports to the default manager (rule 7). */
export const handOverAllReports = (user: UserKey): Promise<void> => everyPage(user, handOverReports);

/** Page by page, so that each step is short however many reports there are. */
async function everyPage(user: UserKey, step: Activities['adoptReports']): Promise<void> {
  let after: UserId | undefined;
  do {
    after = await step({ instance: user.instance, managers: [user.userId], ...(after === undefined ? {} : { after }) });
  } while (after !== undefined);
}
