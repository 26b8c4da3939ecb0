import type pg from 'pg';
import type { UserAt } from '../src/directory/accounts.js';
import { joinTeams, rejoinTeams } from '../src/directory/teams.js';
import type { InstanceId, UserId } from '../src/ids.js';
import { entries, idOf, superseded, type UsersAt } from './accounts.js';
import type { InstanceQueue } from './instance-queue.js';

export function teamActivities(pool: pg.Pool, queue: InstanceQueue) {
  const evaluate = queue.together(
    async (instance: InstanceId, users: readonly UserAt[]) => entries(await joinTeams(pool, instance, users)),
    idOf,
  );
  const evaluateAll = async ({ instance, users }: UsersAt): Promise<UserId[]> =>
    superseded(users, await evaluate(instance, users));
  const rejoin = queue.together(
    async (instance: InstanceId, users: readonly UserAt[]) => entries(await rejoinTeams(pool, instance, users)),
    idOf,
  );

  return {
    /** Puts users into the team of the manager that rule 2 gives them. Returns who was superseded. */
    joinTeams: evaluateAll,
    /** Takes users who are no longer active out of every team. Returns who was superseded. */
    leaveTeams: evaluateAll,
    /** Puts users who were assigned again back into the team they belong to, if they need not wait for their manager. */
    rejoinTeams: async ({ instance, users }: UsersAt): Promise<UserId[]> =>
      superseded(users, await rejoin(instance, users)),
  };
}
