import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { applyAccounts } from '../../src/directory/accounts.js';
import { markApplied } from '../../src/directory/progress.js';
import { joinTeams } from '../../src/directory/teams.js';
import { type InstanceId, isUserId, type UserId } from '../../src/ids.js';
import { createInstance } from '../../src/instances/instances.js';
import { issueScimToken } from '../../src/instances/tokens.js';
import { toAssertedUser } from '../../src/scim/asserted-user.js';
import { withDerivedNames } from '../../src/scim/protocol/derived-names.js';
import { readResource } from '../../src/scim/protocol/resource.js';
import { resourceTypes } from '../../src/scim/protocol/schema.js';
import type { Person } from './people.js';
import { SECRET } from './stage.js';

const BY_BENCH = { actor: 'cli', source: 'admin', requestId: null } as const;
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
  const rows = people.map((person) => ({
    id: newId(),
    ...toAssertedUser(withDerivedNames(readResource(resourceTypes.User, person))),
  }));
  for (const page of pages(rows)) await pool.query(STORE, [instance, JSON.stringify(page)]);
  // Autovacuum would have done it by the time so many people are there.
  await pool.query('analyze users, accounts');
  const ids = rows.map(({ id }) => id);
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

const STORE = `
  with person as (
    select * from jsonb_to_recordset($2::jsonb) as p (id uuid, "userName" text, "userNameKey" text, "externalId" text,
      "externalIdKey" text, email text, "emailKey" text, "displayName" text, active boolean, attributes text,
      "managerReference" text, "managerReferenceKey" text)
  ),
  written as (
    insert into users (instance_id, id, user_name, user_name_key, external_id, external_id_key, email, email_key, active,
      attributes, manager_reference, manager_reference_key, display_name, source)
    select $1, id, "userName", "userNameKey", "externalId", "externalIdKey", email, "emailKey", active,
      attributes::jsonb, "managerReference", "managerReferenceKey", "displayName", 'scim' from person
  ),
  account as (
    insert into accounts (instance_id, id, wanted, asserted_version)
    select $1, id, case when active then 'active' else 'suspended' end, 1 from person
  )
  insert into audit_log (instance_id, actor, action, user_id, version, outcome)
  select $1, 'bench', 'user.create', id, 1, 'accepted' from person`;

/** A list in pieces of as many as one statement takes. */
export function pages<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / PAGE);
  return Array.from({ length: count }, (_, page) => items.slice(page * PAGE, (page + 1) * PAGE));
}

function newId(): UserId {
  const id = uuid();
  if (!isUserId(id)) throw new TypeError('A new id is not a UUID.');
  return id;
}
