import type pg from 'pg';
import { markApplied, showStuck } from '../src/directory/progress.js';
import type { Reason } from '../src/directory/progress-list.js';
import type { InstanceId, UserId } from '../src/ids.js';
import { superseded, type UsersAt } from './accounts.js';

export function progressActivities(pool: pg.Pool) {
  return {
    /** Settles users at their versions. Returns who was superseded. */
    async markApplied({ instance, users }: UsersAt): Promise<UserId[]> {
      return superseded(users, await markApplied(pool, instance, users));
    },
    /** Shows a user as stuck, with the reason's code, until a step works again. */
    showStuck: (stuck: { instance: InstanceId; userId: UserId; reason: Reason; nextRoundMs: number }): Promise<void> =>
      showStuck(pool, stuck.instance, stuck.userId, stuck.reason, stuck.nextRoundMs),
  };
}
