import type pg from 'pg';
import { refuseAccount, showUntold } from '../src/directory/announcements.js';
import type { UserKey } from '../workflows/messages.js';

/** The steps on our own database for what could not be told. */
export const refusalActivities = (pool: pg.Pool) => ({
  /** Returns whether the account is refused now; false where something newer was asserted. */
  refuseAccount: ({
    instance,
    userId,
    version,
    revision,
  }: UserKey & { version: number; revision: number }): Promise<boolean> =>
    refuseAccount(pool, instance, userId, version, revision),
  /** Shows as stuck of whom a cancelled run has not told the application. */
  showUntold: ({ instance, userId }: UserKey): Promise<void> => showUntold(pool, instance, userId),
});
