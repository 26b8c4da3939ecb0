import type pg from 'pg';
import type { UserAt } from '../src/directory/accounts.js';
import { evaluateInstance, evaluateReports, findManagers } from '../src/directory/managers.js';
import type { InstanceId, UserId } from '../src/ids.js';
import { idOf, superseded, type UsersAt } from './accounts.js';
import type { InstanceQueue } from './instance-queue.js';

/** The reports of these managers, from after a cursor on. */
export interface ReportsPage {
  readonly instance: InstanceId;
  readonly managers: readonly UserId[];
  readonly after?: UserId;
}

export function managerActivities(pool: pg.Pool, queue: InstanceQueue) {
  const find = queue.together(
    (instance: InstanceId, users: readonly UserAt[]) => findManagers(pool, instance, users),
    idOf,
  );
  const evaluateFirst = queue.together(
    async (instance: InstanceId, managers: readonly UserId[]) => {
      const end = await evaluateReports(pool, instance, managers, undefined);
      return new Map(managers.map((id) => [id, end]));
    },
    (id) => id,
  );
  /** One page of those whom these managers' changes concern. Returns the cursor of the next page. */
  const evaluatePage = async ({ instance, managers, after }: ReportsPage): Promise<UserId | undefined> => {
    if (after !== undefined) return queue.alone(instance, () => evaluateReports(pool, instance, managers, after));
    const ends = await evaluateFirst(instance, managers);
    return managers.map((id) => ends.get(id)).find((end) => end !== undefined);
  };

  return {
    /** Who was superseded, and how long the others still wait for their manager (milliseconds; absent where they don't). */
    async findManagers({
      instance,
      users,
    }: UsersAt): Promise<{ superseded: UserId[]; waits: { userId: UserId; waitMs: number }[] }> {
      const found = await find(instance, users);
      return {
        superseded: superseded(users, found),
        waits: users.flatMap(({ userId }) => {
          const waitMs = found.get(userId)?.waitMs;
          return waitMs === undefined ? [] : [{ userId, waitMs }];
        }),
      };
    },
    /** Moves over who refers to these accounts, a page at a time. */
    adoptReports: evaluatePage,
    /** Moves the reports of accounts that manage nobody any more to the default manager, a page at a time. */
    handOverReports: evaluatePage,
    /** Moves a page of those whom a change of the default manager concerns. Returns how many; 0 when done. */
    evaluateInstance: ({ instance }: { instance: InstanceId }): Promise<number> =>
      queue.alone(instance, () => evaluateInstance(pool, instance)),
  };
}
