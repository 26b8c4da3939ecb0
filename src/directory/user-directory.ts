import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { UnavailableError } from '../database/errors.js';
import { on, type Query, transaction, within } from '../database/pool.js';
import { together } from '../database/together.js';
import { InvariantError, RefusedError } from '../errors.js';
import type { UserId } from '../ids.js';
import {
  findUsers,
  findUsersByName,
  isStored,
  lockUser,
  type StoredUser,
  type UserKey,
  type UserNameKey,
} from './users.js';
import { type Assertion, insertUsers, updateFreeUsers, updateUsers } from './write-users.js';

/** The users of all instances, for many requests at a time. */
export interface UserDirectory {
  /** A user by id, unless deleted. @throws UnavailableError */
  find(key: UserKey): Promise<StoredUser | undefined>;
  /** The user whom a userName means, which is what Okta asks most often. @throws UnavailableError */
  findByName(key: UserNameKey): Promise<StoredUser | undefined>;
  /**
   * Stores a new user with its pending account, audit row and kick, in one statement.
   * @throws RefusedError `user_name_taken`, UnavailableError where it can't be told that the user is stored.
   */
  create(assertion: Assertion): Promise<void>;
  /**
   * Reads a user, computes a change of it and writes that only if nobody else wrote meanwhile: two round trips. Who loses
   * three times locks the row and writes (guard 10), so nobody waits for ever behind others.
   * @param compute is pure; it may be called several times. It returns undefined where nothing changes.
   * @returns the user as it now is, or undefined where there is no such user.
   * @throws RefusedError `user_name_taken`, UnavailableError, and what `compute` throws.
   */
  change(key: UserKey, compute: (stored: StoredUser) => Assertion | undefined): Promise<StoredUser | undefined>;
}

/** While PostgreSQL works on one set and writes it to disk, a second one can begin. */
const TOGETHER = { atOnce: 2, enough: 4, most: 64 };
/** A change costs more by the set than by the user: they all wait for one. */
const CHANGES_TOGETHER = { ...TOGETHER, atOnce: 1 };
/** How often a change that loses the race for the version is computed anew before the row is locked. */
const OPTIMISTIC_TRIES = 3;
/** How long a read-back may take: the whole answer is due within 2 s. */
const READ_BACK_MS = 500;

/** Requests that come at the same time share round trips (`together`); each is still read, refused and answered alone. */
export function userDirectory(pool: pg.Pool): UserDirectory {
  const query = on(pool);
  const find = together((keys: readonly UserKey[]) => findUsers(query, keys), TOGETHER);
  const findByName = together((keys: readonly UserNameKey[]) => findUsersByName(query, keys), TOGETHER);
  const insert = together((assertions: readonly Assertion[]) => insertUsers(query, assertions), TOGETHER);
  const updateFree = together((assertions: readonly Assertion[]) => updateEach(query, assertions), CHANGES_TOGETHER);

  /** Who was not written with the others is behind, or was held by somebody: alone, that can be waited for. */
  const update = async (assertion: Assertion): Promise<boolean> =>
    (await updateFree(assertion)) || (await updateUsers(query, [assertion]))[0] === true;

  const create = async (assertion: Assertion): Promise<void> => {
    const stored = await insert(assertion).catch((error: unknown) => ifWrittenAfterAll(error, assertion, query));
    if (!stored) throw new RefusedError('user_name_taken', 'Another user of this instance has this userName.');
  };

  const change: UserDirectory['change'] = async (key, compute) => {
    for (let attempt = 1; attempt <= OPTIMISTIC_TRIES; attempt++) {
      const stored = await find(key);
      const assertion = stored && compute(stored);
      if (assertion === undefined) return stored;
      if (await update(assertion).catch((error: unknown) => ifWrittenAfterAll(error, assertion, query))) {
        return assertion.user;
      }
    }
    let last: Assertion | undefined;
    return transaction(pool, async (client): Promise<StoredUser | undefined> => {
      const stored = await lockUser(client, key);
      last = stored && compute(stored);
      if (last === undefined) return stored;
      const [written] = await updateUsers(within(client), [last]);
      if (written !== true) throw new InvariantError('A user was written by somebody who does not hold the account.');
      return last.user;
    }).catch(async (error: unknown) => {
      if (last === undefined) throw error;
      await ifWrittenAfterAll(error, last, query);
      return last.user;
    });
  };

  return { find, findByName, create, change };
}

/** A set in which a user stands twice is written once; the others are behind, and are told so. */
async function updateEach(query: Query, assertions: readonly Assertion[]): Promise<boolean[]> {
  const first = new Map<UserId, Assertion>();
  for (const assertion of assertions) if (!first.has(assertion.user.id)) first.set(assertion.user.id, assertion);
  const set = [...first.values()];
  const written = await updateFreeUsers(query, set);
  return assertions.map((assertion) => written[set.indexOf(assertion)] === true);
}

/**
 * A COMMIT whose answer was lost is resolved by reading back (guard 10): what is found is the answer, what is not found
 * or can't be asked leaves the error as it was.
 * @throws the error, where the user is not found as asserted
 */
async function ifWrittenAfterAll(error: unknown, { instance, user, removed }: Assertion, query: Query): Promise<true> {
  if (!(error instanceof UnavailableError) || error.outcome !== 'unknown') throw error;
  const late = new AbortController();
  const found = await Promise.race([
    isStored(query, instance, user, removed).catch(() => false),
    delay(READ_BACK_MS, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  if (!found) throw error;
  return true;
}
