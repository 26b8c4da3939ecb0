import type pg from 'pg';
import { on } from '../../src/database/pool.js';
import { applyAccounts } from '../../src/directory/accounts.js';
import { markApplied } from '../../src/directory/progress.js';
import { joinTeams } from '../../src/directory/teams.js';
import { insertUsers } from '../../src/directory/write-users.js';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { createInstance } from '../../src/instances/instances.js';
import { issueScimToken } from '../../src/instances/scim-tokens.js';
import { newUser } from '../../src/scim/asserted-user.js';
import { withDerivedNames } from '../../src/scim/protocol/derived-names.js';
import { readResource } from '../../src/scim/protocol/resource.js';
import { resourceTypes } from '../../src/scim/protocol/schema.js';
import type { Person } from './people.js';
import { SECRET } from './stage.js';

export const BY_BENCH = { actor: 'cli', source: 'admin', requestId: null } as const;
const PAGE = 500;

/** An instance with its first coach, settled, and a SCIM token. */
export interface BenchInstance {
  readonly slug: InstanceId;
  readonly token: string;
}

export async function makeInstance(pool: pg.Pool, slug: string, managerWaitSeconds: number): Promise<BenchInstance> {
  const coach = { userName: `coach@${slug}.example`, givenName: 'First', familyName: 'Coach' };
  const instance = await createInstance(pool, { slug, name: slug, managerWaitSeconds, coach }, BY_BENCH);
  const { rows } = await pool.query<{ id: UserId }>('select id from users where instance_id = $1', [instance.slug]);
  await settle(
    pool,
    instance.slug,
    rows.map(({ id }) => id),
  );
  await pool.query('delete from kicks where instance_id = $1', [instance.slug]);
  const { token } = await issueScimToken(pool, SECRET, instance.slug, { label: 'bench' }, BY_BENCH);
  return { slug: instance.slug, token };
}

/** Stores people as so many POSTs would, but for their kicks, and settles them as their runs would. @returns the ids */
export async function seedPeople(pool: pg.Pool, instance: InstanceId, people: readonly Person[]): Promise<UserId[]> {
  const users = people.map((person) =>
    newUser(newUserId(), withDerivedNames(readResource(resourceTypes.User, person))),
  );
  for (const page of pages(users)) {
    await insertUsers(
      on(pool),
      page.map((user) => ({ instance, user, by: BY_BENCH })),
    );
  }
  await pool.query('delete from kicks where instance_id = $1', [instance]);
  // Autovacuum would have done it by the time so many people are there.
  await pool.query('analyze users, accounts');
  const ids = users.map(({ id }) => id);
  for (const page of pages(ids)) await settle(pool, instance, page);
  return ids;
}

/** What the steps of a run leave, for many users at once, as if no time were waited for a manager. */
async function settle(pool: pg.Pool, instance: InstanceId, ids: readonly UserId[]): Promise<void> {
  const users = ids.map((userId) => ({ userId, version: 1 }));
  await applyAccounts(pool, instance, users);
  await joinTeams(pool, instance, users);
  await markApplied(pool, instance, users);
}

/** A list in pieces of as many as one statement takes. */
export function pages<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / PAGE);
  return Array.from({ length: count }, (_, page) => items.slice(page * PAGE, (page + 1) * PAGE));
}
