import type pg from 'pg';
import { member, userNameOf } from '../../bench/support/people.js';
import { BY_BENCH, seedPeople } from '../../bench/support/seed.js';
import { quantile } from '../../bench/support/statistics.js';
import type { Query } from '../../src/database/pool.js';
import { findUsersByName } from '../../src/directory/users.js';
import { insertUsers } from '../../src/directory/write-users.js';
import { newUserId } from '../../src/ids.js';
import { newUser } from '../../src/scim/asserted-user.js';
import { withDerivedNames } from '../../src/scim/protocol/derived-names.js';
import { readResource } from '../../src/scim/protocol/resource.js';
import { resourceTypes } from '../../src/scim/protocol/schema.js';
import { type Cluster, type ClusterOptions, PROGRAMS, startCluster } from '../cluster.js';
import { createTenant } from '../tenants.js';
import type { Tenant } from '../world.js';
import { memory } from './memory.js';
import { bringPeople, describeTimes, type Traffic } from './traffic.js';

const LARGE = 500_000;
const SMALL = 1_000;
const PEOPLE_OF_SMALL = 10;
const PER_SECOND = 10;
const SECONDS = 30;
/** What a small instance may lose beside a large one (F27). */
const BAR = 1.2;

/** One instance of half a million beside a thousand small ones. @returns what is wrong, a line each */
export async function proveScale(options: ClusterOptions, say: (line: string) => void): Promise<string[]> {
  const cluster = await startCluster(options);
  try {
    const small: Tenant[] = [];
    for (let n = 0; n < SMALL; n += 1) {
      const tenant = await createTenant(cluster, `small-${n}`, { people: 0 });
      await seedPeople(cluster.pool, tenant.instance, people(PEOPLE_OF_SMALL));
      small.push(tenant);
      if (n % 100 === 99) say(`${n + 1} small instances of ${PEOPLE_OF_SMALL}`);
    }
    let from = LARGE;
    const measure = async (targets: readonly Tenant[], perSecond: number): Promise<Traffic> => {
      from += SECONDS * 1_000;
      return bringPeople(cluster.origins, targets, { perSecond, seconds: SECONDS, from });
    };
    await measure(small, PER_SECOND);
    const alone = await measure(small, PER_SECOND);
    say(`small ones alone: ${describe(alone)}`);
    const before = await memory(cluster);

    const large = await createTenant(cluster, 'large', { people: 0 });
    const page = 25_000;
    for (let n = 0; n < LARGE; n += page) {
      await seedPeople(cluster.pool, large.instance, people(LARGE).slice(n, n + page));
      say(`${n + page} people of the large one`);
    }
    await cluster.pool.query('vacuum analyze');
    const beside = await measure(small, PER_SECOND);
    say(`beside a large one that is still: ${describe(beside)}`);
    const [live, ofLarge] = await Promise.all([measure(small, PER_SECOND), measure([large], PER_SECOND)]);
    say(`beside a large one with as many requests: ${describe(live)}; it itself: ${describe(ofLarge)}`);
    const twice = await measure(small, 2 * PER_SECOND);
    say(`small ones with twice as many: ${describe(twice)}`);
    const after = await memory(cluster);
    for (const name of PROGRAMS) say(`${name}: ${before[name]} MB before, ${after[name]} MB after`);
    for (const line of [...(await sizes(cluster)), ...(await plans(cluster, large))]) say(line);
    return [
      ...[alone, beside, live, ofLarge, twice].flatMap(({ failed }) => failed),
      ...(['filter', 'create'] as const).flatMap((kind) => {
        const ratio = quantile(live.times[kind], 0.95) / quantile(twice.times[kind], 0.95);
        say(
          `p95 of ${kind} beside a large one by that of as many requests of small ones alone: ${ratio.toFixed(2)} (bar ${BAR})`,
        );
        return ratio > BAR ? [`p95 of ${kind} is ${ratio.toFixed(2)} beside a large instance`] : [];
      }),
    ];
  } finally {
    await cluster.close();
  }
}

const people = (count: number) => Array.from({ length: count }, (_, n) => member(n, count));

const describe = ({ requests, times, failed }: Traffic): string =>
  `${requests} requests, ${failed.length} failed; filter ${describeTimes(times.filter)}; create ${describeTimes(times.create)}`;

/** What a user takes on the disk, of each table with its indexes. */
async function sizes({ pool }: Cluster): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; bytes: number; indexes: number }>(
    `select relname as name, pg_total_relation_size(oid)::double precision as bytes, pg_indexes_size(oid)::double precision as indexes
     from pg_class where relkind = 'r' and relname in ('users', 'accounts', 'progress', 'audit_log', 'events', 'teams') order by 2 desc`,
  );
  const of = LARGE + SMALL * PEOPLE_OF_SMALL;
  return rows.map(
    ({ name, bytes, indexes }) =>
      `${name}: ${Math.round(bytes / of)} bytes a user, ${Math.round(indexes / of)} of them indexes`,
  );
}

/** How PostgreSQL finds somebody by name among half a million, and stores somebody new: by the statements of the front door. */
async function plans({ pool }: Cluster, { instance }: Tenant): Promise<string[]> {
  const key = { instance, userNameKey: userNameOf(LARGE / 2) };
  const user = newUser(newUserId(), withDerivedNames(readResource(resourceTypes.User, people(LARGE + 1)[LARGE])));
  return [
    'filter userName eq, among half a million:',
    ...(await planOf(pool, (query) => findUsersByName(query, [key]))),
    'create, among half a million:',
    ...(await planOf(pool, (query) => insertUsers(query, [{ instance, user, by: BY_BENCH }]))),
  ];
}

/** The plan of what is asked for, which is done, and taken back. */
async function planOf(pool: pg.Pool, ask: (query: Query) => Promise<unknown>): Promise<string[]> {
  const client = await pool.connect();
  const lines: string[] = [];
  try {
    await client.query('begin');
    await ask(async ({ text }, values) => {
      const explained = `explain (analyze, buffers, costs off) ${text}`;
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(explained, [...values]);
      lines.push(...rows.map((row) => `    ${row['QUERY PLAN']}`));
      return [];
    });
  } finally {
    await client.query('rollback');
    client.release();
  }
  return lines;
}
