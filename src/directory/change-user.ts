import type pg from 'pg';
import { transaction } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import {
  type Actor,
  type AssertedUser,
  findUser,
  lockUser,
  type StoredUser,
  updateLockedUser,
  updateUser,
} from './users.js';

/** What is to become of a user: the new assertion, or nothing where it says what is stored already. */
export interface Change {
  readonly user: AssertedUser;
  readonly remove?: boolean;
}

/** How often a change that loses the race for the version is computed anew before the row is locked. */
const OPTIMISTIC_TRIES = 3;

/**
 * Reads a user, computes a change of it and writes that only if nobody else wrote meanwhile: two round trips. Who loses
 * three times locks the row and writes (guard 10), so nobody waits for ever behind others.
 * @param compute is pure; it may be called several times. It returns undefined where nothing changes.
 * @returns the user as it now is, or undefined where there is no such user.
 * @throws RefusedError `user_name_taken`, UnavailableError, and what `compute` throws.
 */
export async function changeUser(
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
  compute: (stored: StoredUser) => Change | undefined,
  by: Actor,
): Promise<StoredUser | undefined> {
  for (let attempt = 1; attempt <= OPTIMISTIC_TRIES; attempt++) {
    const stored = await findUser(pool, instance, id);
    if (stored === undefined) return undefined;
    const change = compute(stored);
    if (change === undefined) return stored;
    const written = await updateUser(pool, instance, id, stored.version, change.user, by, change.remove);
    if (written !== undefined) return written;
  }
  return transaction(pool, async (client) => {
    const stored = await lockUser(client, instance, id);
    if (stored === undefined) return undefined;
    const change = compute(stored);
    if (change === undefined) return stored;
    return updateLockedUser(client, instance, id, stored.version, change.user, by, change.remove);
  });
}
