import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import type { UserId } from '../../src/ids.js';
import { member } from './people.js';
import type { Program } from './programs.js';
import { groupOf } from './requests.js';
import { startRoster } from './roster.js';
import { type BenchInstance, makeInstance, pages, seedPeople } from './seed.js';
import { SECRET, type Stage } from './stage.js';

/** A server of either kind with so many people in its database. */
export interface Target {
  /** `unlogged` is Roster without its request log. */
  readonly kind: 'bare' | 'roster' | 'unlogged';
  readonly size: number;
  readonly origin: string;
  readonly token: string;
  readonly ids: readonly string[];
  /** Of Roster's, once `makeGroups` has made them. */
  readonly groups: readonly string[];
  /** Makes the data again what they were before a round wrote to them. */
  reset(): Promise<void>;
}

const POOL_SIZE = '10';

const people = (size: number) => Array.from({ length: size }, (_, n) => member(n, size));
const originOf = ({ port }: Program): string => `http://127.0.0.1:${port}`;

/** The bare server, with its one table. */
export async function bareTarget(stage: Stage, size: number): Promise<Target> {
  const { url, pool } = await stage.database(`bare_${size}`, false);
  await pool.query(
    'create table people (id uuid primary key, user_name text not null unique, attributes jsonb not null)',
  );
  // The same ids as Roster gives: in the order of creation.
  const ids: string[] = [];
  for (const page of pages(people(size))) {
    const made = page.map(() => uuid());
    await pool.query(
      `insert into people select id, person ->> 'userName', person
       from unnest($1::uuid[], $2::jsonb[]) as made (id, person)`,
      [made, page.map((each) => JSON.stringify(each))],
    );
    ids.push(...made);
  }
  await pool.query('vacuum (analyze) people');
  const program = await stage.program('bench/bare-server', {
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: POOL_SIZE,
    PORT: '0',
  });
  return {
    kind: 'bare',
    size,
    origin: originOf(program),
    token: '',
    ids,
    groups: [],
    reset: async () => {
      await pool.query('delete from people where id <> all ($1)', [ids]);
      await pool.query('vacuum (analyze) people');
    },
  };
}

/** A database of Roster's with one instance of so many settled people, and the paused server before it. */
export interface RosterTarget extends Target {
  /** The same data behind a server without the request log. */
  readonly unlogged: Target;
  /** The same with so many groups of 1,000 people. */
  withGroups(count: number): Promise<Target>;
  /** The same data behind a server that dispatches, with a worker. */
  running(): Promise<Target>;
}

export async function rosterTarget(stage: Stage, size: number): Promise<RosterTarget> {
  const { url, pool } = await stage.database(`roster_${size}`, true);
  const instance = await makeInstance(pool, `bench-${size}`, 60);
  stage.report(`storing ${size} people`);
  const ids = await seedPeople(pool, instance.slug, people(size));
  await vacuum(pool);
  const settings = { DATABASE_URL: url, DATABASE_POOL_SIZE: POOL_SIZE, PORT: '0', ROSTER_SECRET: SECRET };
  const paused = await stage.program('bench/paused-server', settings);
  const unlogged = await stage.program('bench/unlogged-server', settings);
  const reset = (): Promise<void> => resetRoster(pool, instance, ids);
  const target: Target = {
    kind: 'roster',
    size,
    origin: originOf(paused),
    token: instance.token,
    ids,
    groups: [],
    reset,
  };
  return {
    ...target,
    unlogged: { ...target, kind: 'unlogged', origin: originOf(unlogged) },
    withGroups: async (count) => ({ ...target, groups: await makeGroups(target, count) }),
    running: async () => ({ ...target, ...(await startRoster(stage, url, `roster-${size}`)) }),
  };
}

async function makeGroups({ origin, token, ids }: Target, count: number): Promise<string[]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' };
  const groups: string[] = [];
  for (let lane = 0; lane < count; lane++) {
    const { path, ...request } = groupOf(ids, lane);
    const answer = await fetch(`${origin}${path}`, { ...request, headers });
    groups.push(((await answer.json()) as { id: string }).id);
  }
  return groups;
}

/** Takes the kicks away, waits for the runs that are open, and takes away whoever was created. */
async function resetRoster(pool: pg.Pool, { slug }: BenchInstance, ids: readonly UserId[]): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    await pool.query('delete from kicks where instance_id = $1', [slug]);
    const { rowCount } = await pool.query(
      `select from progress where instance_id = $1 and stage in ('provisioning', 'deactivating') and due > now() limit 1`,
      [slug],
    );
    if (rowCount === 0) break;
    if (Date.now() > end) throw new Error('The runs of a round do not end.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const created = `instance_id = $1 and $2 < id and id <> all ($3)`;
  const values = [slug, ids[0], ids];
  await pool.query(`delete from progress where ${created.replaceAll(' id', ' user_id')}`, values);
  await pool.query(`delete from accounts where ${created}`, values);
  await pool.query(`delete from users where ${created}`, values);
  await pool.query(
    `update accounts set status = 'active' where instance_id = $1 and status = 'suspended' and id = any ($2)`,
    [slug, ids],
  );
  await vacuum(pool);
}

const vacuum = (pool: pg.Pool) => pool.query('vacuum (analyze) users, accounts, kicks, progress, audit_log');
