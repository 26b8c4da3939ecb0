import type pg from 'pg';
import {
  type Asserted,
  applyAccounts,
  cancelProvisioning,
  readAsserted,
  type UserAt,
} from '../src/directory/accounts.js';
import type { InstanceId, UserId } from '../src/ids.js';
import type { InstanceQueue } from './instance-queue.js';

/** Users of one instance, each at the version that the run has read. */
export interface UsersAt {
  readonly instance: InstanceId;
  readonly users: readonly UserAt[];
}

export const idOf = (user: UserAt): UserId => user.userId;

/** A step's answer to a workflow: whose version is no longer the asserted one. Their run starts over. */
export const superseded = (users: readonly UserAt[], current: { has(id: UserId): boolean }): UserId[] =>
  users.map(idOf).filter((id) => !current.has(id));

/** As a set step gives it: an entry for each user whose version is the asserted one. */
export const entries = (ids: Set<UserId>): Map<UserId, true> => new Map([...ids].map((id) => [id, true]));

/** What a run goes by where it is told nothing. */
const DEFAULT_PATIENCE_MS = 60_000;

export function accountActivities(pool: pg.Pool, queue: InstanceQueue, patienceMs: number) {
  const apply = queue.together(
    (instance: InstanceId, users: readonly UserAt[]) => applyAccounts(pool, instance, users),
    idOf,
  );
  const applyAll = async ({ instance, users }: UsersAt): Promise<UserId[]> =>
    superseded(users, await apply(instance, users));

  return {
    /** The newest assertion; undefined for a user that is not there, after a database was restored, say. */
    async readAsserted({ instance, userId }: { instance: InstanceId; userId: UserId }): Promise<Asserted | undefined> {
      const state = (await readAsserted(pool, instance, [userId])).get(userId);
      return state === undefined || patienceMs === DEFAULT_PATIENCE_MS ? state : { ...state, patienceMs };
    },
    /** Undoes the first provisioning of a user whose run was cancelled. Returns whether it was one. */
    cancelProvisioning: ({ instance, ...user }: UserAt & { instance: InstanceId }): Promise<boolean> =>
      cancelProvisioning(pool, instance, user),
    /** Makes accounts of pending places. Returns who was superseded. */
    createAccounts: applyAll,
    /** Ends accounts whose access Okta has ended. Returns who was superseded, and who is held by the brake. */
    async suspendAccounts({ instance, users }: UsersAt): Promise<{ superseded: UserId[]; held: UserId[] }> {
      const applied = await apply(instance, users);
      return {
        superseded: superseded(users, applied),
        held: users.map(idOf).filter((id) => applied.get(id) === true),
      };
    },
    /** Brings accounts up to what was asserted, suspension and re-activation too. Returns who was superseded. */
    updateAccounts: applyAll,
  };
}
