import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { newUserId } from '../src/ids.js';
import { issueOperatorToken } from '../src/instances/operator-tokens.js';
import { isMain } from '../src/main-module.js';
import { newUser } from '../src/scim/asserted-user.js';
import { withDerivedNames } from '../src/scim/protocol/derived-names.js';
import { readResource } from '../src/scim/protocol/resource.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../src/scim/protocol/schema.js';
import { atRate } from './support/arrivals.js';
import { type Bench, runBenches } from './support/command.js';
import type { Finding } from './support/findings.js';
import { person } from './support/people.js';
import type { Program } from './support/programs.js';
import { type RunningRoster, startRoster } from './support/roster.js';
import { scimClient } from './support/scim-client.js';
import { BY_BENCH, makeInstance, pages } from './support/seed.js';
import { SECRET, type Stage } from './support/stage.js';
import { median, quantile, ratios } from './support/statistics.js';
import { timed, until } from './support/until.js';

/**
 * A file of an organisation of six levels, its managers anywhere in it, 2 % of whom name nobody who is known, and 2 % bad rows, from
 * the POST to the last joined team; beside it, in alternating rounds, the same people as bare set-based SQL in pages of 500: users,
 * accounts, audit, events, managers and teams. Besides: a file while Okta creates 25 users a second in another instance; the memory of
 * server and worker after large files by that after a tenth of one; and 1,000 of the same people one by one, each with a run of its own.
 */
export const importing: Bench = {
  name: 'import',
  about: 'a file of 100,000 people, beside bare set-based SQL',
  measure,
};

const LIVE_PER_SECOND = 25;
const ONE_BY_ONE = 1_000;

interface Row {
  readonly email: string;
  readonly manager: string;
  readonly line: string;
  readonly isBad: boolean;
}

/** Each manages so many that six levels hold them all; the order is that of a shuffle which is the same each time. */
function organisation(people: number): Row[] {
  const width = Math.ceil(people ** (1 / 6)) + 1;
  const rows = Array.from({ length: people }, (_, n): Row => {
    const email = `import.${n}@bench.example`;
    const manager =
      n === 0 ? '' : n % 50 === 7 ? `nobody.${n}@bench.example` : `import.${Math.floor((n - 1) / width)}@bench.example`;
    const isBad = n % 50 === 31;
    return {
      email,
      manager,
      isBad,
      line: `${email},Given${n},Family${n},Engineer ${n % 40},${manager},${isBad ? 'king' : ''}`,
    };
  });
  return rows
    .map((row, n) => ({ row, place: (n * 7_919) % people }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ row }) => row);
}

async function measure(stage: Stage, quick: boolean): Promise<Finding[]> {
  const [rounds, people] = quick ? [1, 20_000] : [3, 100_000];
  const { url, pool } = await stage.database('import', true);
  const roster = await startRoster(stage, url, 'roster');
  const { token } = await issueOperatorToken(pool, SECRET, { label: 'bench', role: 'admin' }, BY_BENCH);
  const bring = (slug: string, rows: readonly Row[]) => bringIn(pool, roster, token, slug, rows);

  stage.report('warming up, with a tenth of the file');
  await bring('small', organisation(people / 10));
  const small = await memoryOf(roster);
  const bare: number[] = [];
  const whole: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    stage.report(`round ${round} of ${rounds}`);
    bare.push(await bareImport(pool, `bare-${round}`, organisation(people)));
    whole.push(await bring(`file-${round}`, organisation(people)));
    await assertEndState(pool, `file-${round}`, organisation(people));
  }
  const large = await memoryOf(roster);
  stage.report('once more, while Okta creates users');
  const traffic = startTraffic(pool, roster, 'live');
  const beside = await bring('beside', organisation(people));
  const live = await traffic.stop();
  stage.report(`${ONE_BY_ONE} of them, one by one`);
  const single = await oneByOne(pool, roster, organisation(people).slice(0, ONE_BY_ONE));
  const rate = (ms: readonly number[], count = people): string => `${Math.round(count / (median(ms) / 1_000))}/s`;
  return [
    {
      work: `import of ${people} rows, by bare set-based SQL`,
      bar: { atLeast: 0.5 },
      unit: 'ratio',
      values: ratios(bare, whole),
      beside: `${rate(whole)} : ${rate(bare)}; by runs of their own ${rate([single], ONE_BY_ONE)}`,
    },
    {
      work: `import of ${people} rows, 3,000 a second or more`,
      bar: { atMost: Math.round(people / 300) / 10 },
      unit: 's',
      values: whole.map((ms) => ms / 1_000),
    },
    {
      work: 'live creates at 25/s meanwhile, p99',
      bar: { atMost: 1_000 },
      unit: 'ms',
      values: [live],
      beside: `the file at ${rate([beside])}`,
    },
    ...(['server', 'worker'] as const).map(
      (name): Finding => ({
        work: `memory of the ${name} after ${people} rows, by that after a tenth of them`,
        bar: { atMost: 1.3 },
        unit: 'ratio',
        values: [large[name] / small[name]],
        beside: `${Math.round(large[name])} MB : ${Math.round(small[name])} MB`,
      }),
    ),
  ];
}

/** @returns milliseconds from the POST to the last joined team */
async function bringIn(
  pool: pg.Pool,
  { origin }: RunningRoster,
  token: string,
  slug: string,
  rows: readonly Row[],
): Promise<number> {
  await makeInstance(pool, slug, 3_600);
  const file = ['email,firstName,lastName,title,manager,role', ...rows.map(({ line }) => line)].join('\n');
  return timed(async () => {
    const answer = await fetch(`${origin}/admin/v1/instances/${slug}/imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: file,
    });
    if (answer.status !== 202) throw new Error(`The import was answered ${answer.status}: ${await answer.text()}`);
    const unfinished = 'select from imports where instance_id = $1 and finished_at is null';
    await until('the import has ended', async () => (await pool.query(unfinished, [slug])).rowCount === 0, 100);
  });
}

/** Everybody of the file has the manager that it names, or the coach where that is nobody. @throws Error that names some who have not */
async function assertEndState(pool: pg.Pool, slug: string, rows: readonly Row[]): Promise<void> {
  const { rows: accounts } = await pool.query<{ email: string; manager: string; origin: string; inTeam: boolean }>(
    `select a.email, m.email as manager, a.origin, t.manager_id = m.id as "inTeam" from accounts a
     left join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
     left join teams t on t.instance_id = a.instance_id and t.id = a.team_id
     where a.instance_id = $1 and a.role <> 'coach'`,
    [slug],
  );
  const good = new Map(rows.filter(({ isBad }) => !isBad).map((row) => [row.email, row]));
  const wrong = accounts.filter(({ email, manager, origin, inTeam }) => {
    const named = good.get(good.get(email)?.manager ?? '')?.email;
    return !good.has(email) || !inTeam || (named === undefined ? origin !== 'default' : manager !== named);
  });
  if (accounts.length !== good.size || wrong.length > 0) {
    throw new Error(`${accounts.length} of ${good.size}; not as the rules say: ${JSON.stringify(wrong.slice(0, 5))}`);
  }
}

/** What of it is SQL: nothing is staged, decided, fenced or shown. @returns milliseconds */
async function bareImport(pool: pg.Pool, slug: string, rows: readonly Row[]): Promise<number> {
  await makeInstance(pool, slug, 3_600);
  const users = rows
    .filter(({ isBad }) => !isBad)
    .map(({ email, manager, line }) => {
      const [, givenName, familyName, title] = line.split(',');
      const body = {
        userName: email,
        name: { givenName, familyName },
        title,
        [ENTERPRISE_USER_SCHEMA]: { manager: { value: manager } },
      };
      return newUser(newUserId(), withDerivedNames(readResource(resourceTypes.User, body)));
    });
  return timed(async () => {
    for (const page of pages(users)) {
      await pool.query({
        name: '',
        text: BARE_PEOPLE,
        values: [
          slug,
          page.map(({ id }) => id),
          page.map(({ userName }) => userName),
          page.map(({ displayName }) => displayName),
          page.map(({ resource }) => resource),
          page.map(({ managerReferenceKey }) => managerReferenceKey),
        ],
      });
    }
    await pool.query('analyze users, accounts');
    for (const page of pages(users)) {
      const ids = page.map(({ id }) => id);
      await pool.query({ name: '', text: BARE_TEAMS, values: [slug, ids] });
      await pool.query({ name: '', text: BARE_MANAGERS, values: [slug, ids] });
    }
  });
}

const BARE_PEOPLE = `
  with given as (
    select * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) as g (id, user_name, display_name, resource, manager)
  ),
  person as (
    insert into users (instance_id, id, user_name, user_name_key, email, email_key, display_name, active, resource, manager_reference, manager_reference_key, source)
    select $1, id, user_name, user_name, user_name, user_name, display_name, true, resource, manager, manager, 'import' from given
  ),
  account as (
    insert into accounts (instance_id, id, wanted, asserted_version, applied_version, status, revision, user_name, display_name, email,
      user_name_key, email_key, manager_reference_key)
    select $1, id, 'active', 1, 1, 'active', 1, user_name, display_name, user_name, user_name, user_name, manager from given
    returning accounts as account
  ),
  told as (
    insert into events (instance_id, type, user_id, revision, body)
    select $1, 'account.created', (account).id, 1, account_body(account) from account
  )
  insert into audit_log (instance_id, actor, action, user_id, version, outcome)
  select $1, 'cli', 'user.create', id, 1, 'accepted' from given`;
const BARE_TEAMS = `
  insert into teams (instance_id, manager_id, name)
  select distinct $1, m.id, m.display_name from accounts a
  join accounts m on m.instance_id = $1 and m.user_name_key = a.manager_reference_key
  where a.instance_id = $1 and a.id = any ($2)
  on conflict (instance_id, manager_id) do nothing`;
const BARE_MANAGERS = `
  with moved as (
    update accounts a set manager_id = m.id, origin = 'assigned', team_id = t.id, resolved_to = m.id, revision = 2
    from accounts m join teams t on t.instance_id = m.instance_id and t.manager_id = m.id
    where a.instance_id = $1 and a.id = any ($2) and m.instance_id = $1 and m.user_name_key = a.manager_reference_key
    returning a as account
  )
  insert into events (instance_id, type, user_id, revision, body)
  select $1, 'account.updated', (account).id, 2, account_body(account) from moved`;

/** Creates users of another instance at a steady rate until it is stopped. @returns, at its stop, the p99 of their answers in milliseconds */
function startTraffic(pool: pg.Pool, { origin }: RunningRoster, slug: string): { stop(): Promise<number> } {
  const stopping = new AbortController();
  const run = async (): Promise<number> => {
    const { token } = await makeInstance(pool, slug, 5);
    const scim = scimClient(origin, token);
    const times: number[] = [];
    try {
      for (let second = 0; !stopping.signal.aborted; second += 1) {
        await atRate(LIVE_PER_SECOND, 1, async (n, meantAt) => {
          await scim.create(person(second * LIVE_PER_SECOND + n, undefined));
          times.push(performance.now() - meantAt);
        });
        await delay(1);
      }
      return quantile(times, 0.99);
    } finally {
      await scim.close();
    }
  };
  const running = run();
  running.catch(() => undefined);
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

/** @returns milliseconds until all have joined a team, each by a run of its own */
async function oneByOne(pool: pg.Pool, { origin }: RunningRoster, rows: readonly Row[]): Promise<number> {
  const { token, slug } = await makeInstance(pool, 'one-by-one', 0);
  const scim = scimClient(origin, token);
  try {
    return await timed(async () => {
      await scim.createAll(
        rows.map(({ email, manager }) => ({
          userName: email,
          [ENTERPRISE_USER_SCHEMA]: { manager: { value: manager } },
        })),
        10,
      );
      const unsettled = 'select from accounts where instance_id = $1 and applied_version < asserted_version limit 1';
      await until('all have joined', async () => (await pool.query(unsettled, [slug])).rowCount === 0, 50);
    });
  } finally {
    await scim.close();
  }
}

/** Resident memory in MB, as Linux counts it. */
async function memoryOf({ server, worker }: RunningRoster): Promise<{ server: number; worker: number }> {
  const of = async ({ process }: Program): Promise<number> => {
    const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  };
  return { server: await of(server), worker: await of(worker) };
}

if (isMain(import.meta.url)) await runBenches([importing]);
