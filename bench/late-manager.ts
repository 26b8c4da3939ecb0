import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { isMain } from '../src/main-module.js';
import { type Bench, runBenches } from './support/command.js';
import type { Finding } from './support/findings.js';
import { person, userNameOf } from './support/people.js';
import { startRoster } from './support/roster.js';
import { scimClient } from './support/scim-client.js';
import { makeInstance, pages, seedPeople } from './support/seed.js';
import type { Stage } from './support/stage.js';
import { median, ratios } from './support/statistics.js';
import { timed, until } from './support/until.js';

/**
 * A manager arrives late: 10,000 users fell back to the default manager, 200 still wait in runs of their own. Then the
 * manager is created over SCIM. Beside it, in alternating rounds and on a copy of the same people in the same database, the
 * same moves and their events as bare set-based SQL in pages of 500. The people are stored by the statements that runs use; those who
 * wait are real runs. Counted is the time from the POST until everybody has the manager and the team, and until the runs of
 * those who waited have ended. Besides: how soon a single user, who fell back when the wait was over, is adopted.
 */
export const lateManager: Bench = {
  name: 'late-manager',
  about: '10,000 who fell back and 200 who wait get their manager, beside the same moves as bare set-based SQL',
  measure,
};

const FALLEN_BACK = 10_000;
const WAITERS = 200;
const EVERYBODY = FALLEN_BACK + WAITERS;
/** The number of the manager; the reports come before. */
const MANAGER = EVERYBODY;
const report = (n: number) => person(n, userNameOf(MANAGER));

async function measure(stage: Stage, quick: boolean): Promise<Finding[]> {
  const [rounds, singles] = quick ? [1, 5] : [5, 20];
  const { url, pool } = await stage.database('late_manager', true);
  const { origin } = await startRoster(stage, url, 'roster');
  const bare: number[] = [];
  const moved: number[] = [];
  const settled: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    stage.report(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    const bareMs = await moveBare(pool, `bare-${round}`);
    const roster = await moveByRoster(pool, origin, `late-${round}`);
    if (round === 0) continue;
    bare.push(bareMs);
    moved.push(roster.moved);
    settled.push(roster.settled);
  }
  stage.report(`${singles} users who fell back, one after another`);
  const adopted = await adoptSingles(pool, origin, singles);
  const seconds = (list: readonly number[]): string => `${(median(list) / 1_000).toFixed(2)} s`;
  return [
    {
      work: 'late manager: all have manager and team',
      bar: { atMost: 2.5 },
      unit: 'ratio',
      values: ratios(moved, bare),
      beside: `${seconds(moved)} : ${seconds(bare)}`,
    },
    {
      work: 'late manager: the 200 who waited have settled too',
      unit: 'ratio',
      values: ratios(settled, bare),
      beside: `${seconds(settled)} : ${seconds(bare)}`,
    },
    {
      work: 'one who fell back is adopted',
      bar: { atMost: 2 },
      unit: 's',
      values: adopted.map((ms) => ms / 1_000),
    },
  ];
}

/** The moves with an event each, and nothing else, on a manager with a team who are there already. @returns milliseconds */
async function moveBare(pool: pg.Pool, slug: string): Promise<number> {
  const instance = await makeInstance(pool, slug, 0);
  const ids = await seedPeople(
    pool,
    instance.slug,
    Array.from({ length: EVERYBODY }, (_, n) => report(n)),
  );
  // Under a name that nobody's reference means, so that nobody is moved yet.
  const [manager] = await seedPeople(pool, instance.slug, [person(MANAGER + 1, undefined)]);
  await pool.query(
    `insert into teams (instance_id, manager_id, name) values ($1, $2, 'Late')
     on conflict (instance_id, manager_id) do nothing`,
    [slug, manager],
  );
  const { rows } = await pool.query<{ id: string }>('select id from teams where instance_id = $1 and manager_id = $2', [
    slug,
    manager,
  ]);
  const team = rows[0]?.id;
  await quiet(pool);
  return timed(async () => {
    for (const page of pages(ids)) {
      await pool.query({
        name: 'move_bare',
        text: `
          with moved as (
            update accounts a set manager_id = $2, origin = 'assigned', team_id = $3, resolved_to = $2, revision = a.revision + 1
            where a.instance_id = $1 and a.id = any ($4)
            returning a as account
          )
          insert into events (instance_id, type, user_id, revision, body)
          select $1, 'account.updated', (account).id, (account).revision, account_body(account) from moved`,
        values: [slug, manager, team, page],
      });
    }
  });
}

/** Nobody else is at work when the clock starts: the server seals the events of those who were just stored. */
async function quiet(pool: pg.Pool): Promise<void> {
  const unsealed = 'select from events where position is null limit 1';
  await until('all events are sealed', async () => (await pool.query(unsealed)).rowCount === 0, 100);
  await pool.query('vacuum (analyze) users, accounts, progress, events');
}

/** @returns milliseconds from the POST until all have manager and team, and until those who waited are settled */
async function moveByRoster(pool: pg.Pool, origin: string, slug: string): Promise<{ moved: number; settled: number }> {
  const instance = await makeInstance(pool, slug, 3_600);
  await seedPeople(
    pool,
    instance.slug,
    Array.from({ length: FALLEN_BACK }, (_, n) => report(n)),
  );
  const scim = scimClient(origin, instance.token);
  try {
    const waiters = Array.from({ length: WAITERS }, (_, n) => report(FALLEN_BACK + n));
    await scim.createAll(waiters, 10);
    const waiting = `select from progress where instance_id = $1 and stage = 'waiting for manager'`;
    await until('200 wait', async () => (await pool.query(waiting, [slug])).rowCount === WAITERS, 100);
    await quiet(pool);

    const began = performance.now();
    const manager = await scim.create(person(MANAGER, undefined));
    const inTeam = {
      name: 'in_team',
      text: `select count(*)::integer as count from accounts where instance_id = $1 and manager_id = $2 and team_id is not null`,
      values: [slug, manager],
    };
    await until('all are moved', async () => (await pool.query(inTeam)).rows[0]?.count === EVERYBODY, 25);
    const moved = performance.now() - began;
    const unsettled = 'select from accounts where instance_id = $1 and applied_version < asserted_version limit 1';
    await until('all are settled', async () => (await pool.query(unsettled, [slug])).rowCount === 0, 25);
    return { moved, settled: performance.now() - began };
  } finally {
    await scim.close();
  }
}

/** Users who fell back after a wait of a second, each with a manager of its own. @returns milliseconds from the answer */
async function adoptSingles(pool: pg.Pool, origin: string, count: number): Promise<number[]> {
  const instance = await makeInstance(pool, 'singles', 1);
  const scim = scimClient(origin, instance.token);
  const isWith = async (user: string, origin: string, manager: string | null): Promise<boolean> => {
    const { rowCount } = await pool.query(
      `select from accounts where instance_id = $1 and id = $2 and origin = $3 and manager_id = coalesce($4, manager_id)
         and team_id is not null and applied_version = asserted_version`,
      [instance.slug, user, origin, manager],
    );
    return rowCount === 1;
  };
  try {
    const users = await scim.createAll(
      Array.from({ length: count }, (_, n) => person(n, userNameOf(count + n))),
      10,
    );
    await delay(1_000);
    const times: number[] = [];
    for (const [n, user] of users.entries()) {
      await until('the user fell back', () => isWith(user, 'default', null), 50);
      const manager = await scim.create(person(count + n, undefined));
      times.push(await timed(() => until('the user is adopted', () => isWith(user, 'assigned', manager), 5)));
    }
    return times;
  } finally {
    await scim.close();
  }
}

if (isMain(import.meta.url)) await runBenches([lateManager]);
