import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { applyAccounts, readAsserted } from '../../src/directory/accounts.js';
import { evaluateInstance, evaluateReports, findManagers } from '../../src/directory/managers.js';
import { markApplied } from '../../src/directory/progress.js';
import { joinTeams } from '../../src/directory/teams.js';
import { userDirectory } from '../../src/directory/user-directory.js';
import type { StoredUser } from '../../src/directory/users.js';
import type { Assertion } from '../../src/directory/write-users.js';
import { type InstanceId, isInstanceId, newUserId, type UserId } from '../../src/ids.js';
import { changedUser, newUser } from '../../src/scim/asserted-user.js';
import { withDerivedNames } from '../../src/scim/protocol/derived-names.js';
import { readResource } from '../../src/scim/protocol/resource.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../../src/scim/protocol/schema.js';
import { BY_TEST } from './roster.js';

/** What a test says of a user; the rest is filled in. */
export interface Said {
  readonly userName: string;
  readonly externalId?: string | undefined;
  readonly email?: string | undefined;
  readonly displayName?: string | undefined;
  readonly title?: string | undefined;
  readonly active?: boolean | undefined;
  readonly manager?: string | undefined;
}

/** A user as a front door would read it. */
const resourceOf = (said: Said) =>
  withDerivedNames(
    readResource(resourceTypes.User, {
      userName: said.userName,
      externalId: said.externalId,
      displayName: said.displayName,
      title: said.title,
      active: said.active ?? true,
      ...(said.email === undefined ? {} : { emails: [{ value: said.email, primary: true }] }),
      ...(said.manager === undefined ? {} : { [ENTERPRISE_USER_SCHEMA]: { manager: { value: said.manager } } }),
    }),
  );

/** What PUT asserts of a stored user. */
export function assertion(instance: InstanceId, stored: StoredUser, said: Said): Assertion {
  const user = changedUser(stored, () => resourceOf(said));
  if (user === undefined) throw new Error('That is what is stored already.');
  return { instance, user, by: BY_TEST };
}

/** An instance with nobody in it. */
export async function emptyInstance(pool: pg.Pool, managerWaitSeconds = 60): Promise<InstanceId> {
  const slug = `i-${uuid().slice(-12)}`;
  if (!isInstanceId(slug)) throw new TypeError('not a slug');
  await pool.query('insert into instances (id, name, manager_wait_seconds) values ($1, $1, $2)', [
    slug,
    managerWaitSeconds,
  ]);
  return slug;
}

/** Stores a new user, as POST does. */
export async function say(pool: pg.Pool, instance: InstanceId, said: Said, id = newUserId()): Promise<StoredUser> {
  const user = newUser(id, resourceOf(said));
  await userDirectory(pool).create({ instance, user, by: BY_TEST });
  return user;
}

/** Writes a user, as PUT does: nothing where that is what is stored. */
export async function sayAgain(pool: pg.Pool, instance: InstanceId, id: UserId, said: Said): Promise<void> {
  await userDirectory(pool).change({ instance, id }, (stored) => {
    const user = changedUser(stored, () => resourceOf(said));
    return user && { instance, user, by: BY_TEST };
  });
}

export async function versionOf(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<number> {
  const state = (await readAsserted(pool, instance, [id])).get(id);
  if (state === undefined) throw new Error('There is no such account.');
  return state.version;
}

/** The steps of a run before the wait; returns the milliseconds it would wait for the manager. */
export async function untilWait(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<number | undefined> {
  const users = [{ userId: id, version: await versionOf(pool, instance, id) }];
  await applyAccounts(pool, instance, users);
  await everyReport(pool, instance, id);
  return (await findManagers(pool, instance, users)).get(id)?.waitMs;
}

/** The steps of a run after the wait. */
export async function afterWait(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<void> {
  const users = [{ userId: id, version: await versionOf(pool, instance, id) }];
  await joinTeams(pool, instance, users);
  await markApplied(pool, instance, users);
}

/** A whole run, as if no time were waited; and the instance's own run, if somebody kicked it. */
export async function converge(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<void> {
  await untilWait(pool, instance, id);
  await afterWait(pool, instance, id);
}

/** The instance's own run, if there is a kick for it. */
export async function convergeInstanceIfKicked(pool: pg.Pool, instance: InstanceId): Promise<void> {
  const kicked = await pool.query('delete from kicks where instance_id = $1 and user_id is null returning 1', [
    instance,
  ]);
  if (kicked.rowCount === 0) return;
  while ((await evaluateInstance(pool, instance)) > 0);
}

async function everyReport(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<void> {
  let after: UserId | undefined;
  do {
    after = await evaluateReports(pool, instance, [id], after);
  } while (after !== undefined);
}
