import assert from 'node:assert/strict';
import { ASSIGNED, countAssigned, FIGURES, readFigures } from '../../src/directory/figures.js';
import { atMostEvery } from '../../src/telemetry/at-most-every.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { assign } from '../support/people.js';
import { readSamples } from '../support/prometheus.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { converge, emptyInstance, type Said, say } from '../support/steps.js';

describe('/metrics of a server', () => {
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const scrape = async () => {
    const response = await fetch(new URL('/metrics', roster.scimUrl));
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type'), text, samples: readSamples(text) };
  };
  const requests = async (labels: Record<string, string>): Promise<number | undefined> =>
    (await scrape()).samples.find(
      (one) =>
        one.name === 'roster_http_requests_total' &&
        Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    )?.value;

  it('is text for Prometheus, without a token, and says how the process is', async () => {
    const { status, type, samples } = await scrape();
    assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
    const names = new Set(samples.map(({ name }) => name));
    for (const name of ['roster_build_info', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
      assert.ok(names.has(name), name);
    }
  });

  it('counts requests by the template of their route, and never by a path', async () => {
    const id = await assign(roster, 'somebody@x.test');
    await scim(roster, 'GET', `/Users/${id}`);
    await scim(roster, 'GET', '/Users?filter=userName eq "somebody@x.test"');
    await scim(roster, 'GET', '/Somebody');
    await fetch(`${roster.scimUrl}/Users`);
    const admin = { headers: { authorization: `Bearer ${roster.adminToken}` } };
    await fetch(`${roster.adminUrl}/instances/${roster.instance}/accounts/${id}`, admin);
    await fetch(`${roster.adminUrl}/instances/${roster.instance}/nothing`, admin);
    const of = { surface: 'scim', method: 'GET' };
    assert.equal(await requests({ surface: 'scim', route: '/Users', method: 'POST', status: '201' }), 1);
    assert.equal(await requests({ ...of, route: '/Users/:id', status: '200' }), 1);
    assert.equal(await requests({ ...of, route: '/Users', status: '200' }), 1);
    assert.equal(await requests({ ...of, route: 'none', status: '404' }), 1);
    assert.equal(await requests({ ...of, route: 'none', status: '401' }), 1);
    assert.equal(await requests({ surface: 'admin', route: '/instances/{slug}/accounts/{id}', status: '200' }), 1);
    assert.equal(await requests({ surface: 'admin', route: 'none', status: '404' }), 1);
    const { text } = await scrape();
    for (const word of ['somebody', 'Somebody', 'nothing', id, 'x.test']) assert.ok(!text.includes(word), word);
  });

  it('a method of any name is one of few labels', async () => {
    for (const method of ['PROPFIND', 'LOCK', 'OPTIONS']) await scim(roster, method, '/Users');
    assert.equal(await requests({ surface: 'scim', method: 'other' }), 3);
  });

  it('asks the database once in five seconds, however often it is scraped', async () => {
    const held = async () => (await scrape()).samples.find(({ name }) => name === 'roster_brake_held');
    await scrape();
    await roster.pool.query(
      `insert into progress (instance_id, user_id, stage) select instance_id, id, 'held' from users
       on conflict (instance_id, user_id) do update set stage = 'held'`,
    );
    assert.deepEqual(await Promise.all(Array.from({ length: 30 }, held)), Array(30).fill(undefined));
    await until('it is told', async () => (await held())?.labels['instance'] === roster.instance);
  });
});

describe('what the metrics say of accounts', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  it('how many have an assigned manager, how many fell back, and how long the slowest is on its way', async () => {
    const { pool } = database;
    const instance = await emptyInstance(pool, 0);
    const provisioned = async (said: Said) => {
      const { id } = await say(pool, instance, said);
      await converge(pool, instance, id);
      return id;
    };
    const coach = await provisioned({ userName: 'coach@x.test' });
    await pool.query(`update accounts set role = 'coach', coach_since = now() where id = $1`, [coach]);
    await provisioned({ userName: 'boss@x.test' });
    for (const name of ['a', 'b', 'c']) await provisioned({ userName: `${name}@x.test`, manager: 'boss@x.test' });
    assert.deepEqual(await countAssigned(pool), [{ instance, count: 3 }]);
    assert.deepEqual((await readFigures(pool)).fallenBack, [{ instance, count: 1 }]);

    const metrics = createMetrics({ pool, isTemporalUp: () => Promise.resolve(true) });
    await pool.query('delete from kicks');
    await say(pool, instance, { userName: 'new@x.test' });
    await pool.query(`update kicks set created_at = now() - interval '90 seconds'`);
    const samples = readSamples(await metrics.text());
    const of = (name: string) => samples.find((sample) => sample.name === name);
    const lag = of('roster_lag_seconds')?.value ?? 0;
    assert.ok(lag >= 90 && lag < 120, String(lag));
    const { labels, value } = of('roster_assigned_manager_accounts') ?? assert.fail('not told');
    assert.deepEqual([labels, value], [{ instance }, 3]);
  });
});

describe('at most every', () => {
  it('shares one answer among all who ask, and asks anew when it is old; a failure is an answer', async () => {
    let [asked, now] = [0, 0];
    const ask = atMostEvery(
      30,
      async () => {
        asked += 1;
        if (asked === 2) throw new Error('away');
        return asked;
      },
      () => now,
    );
    assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
    now = 29;
    assert.equal(await ask(), 1);
    now = 30;
    await Promise.all([assert.rejects(ask(), /away/), assert.rejects(ask(), /away/)]);
    now = 60;
    assert.equal(await ask(), 3);
  });
});

describe('the figures of a large database', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster({ worker: false, server: false });
  });
  after(() => roster.close());

  it('are read from indexes of those who are counted: no table of people is read through', async () => {
    const { pool } = roster;
    const instance = await emptyInstance(pool);
    const many = 'from generate_series(1, 20000) n';
    await pool.query(
      `insert into users (instance_id, id, user_name, user_name_key, email, email_key, display_name, active, resource, source)
       select $1, gen_random_uuid(), n, n, '', '', '', true, '{"a":{"b":"', 'scim' ${many}`,
      [instance],
    );
    await pool.query(
      `insert into accounts (instance_id, id, wanted, asserted_version, applied_version, origin)
       select $1, id, 'active', 1, 1, case when user_name::integer % 50 = 0 then 'default' else 'assigned' end from users
       where instance_id = $1`,
      [instance],
    );
    await pool.query(
      `insert into progress (instance_id, user_id, stage)
       select $1, id, case when user_name::integer % 100 = 0 then 'stuck' else 'provisioned' end from users where instance_id = $1`,
      [instance],
    );
    await pool.query(
      `insert into events (instance_id, position, type, user_id, revision, body) select $1, user_name::integer, '', id, 1, '{}'
       from users where instance_id = $1`,
      [instance],
    );
    await pool.query(
      `insert into audit_log (instance_id, position, actor, action, outcome) select $1, n, '', '', 'accepted' ${many}`,
      [instance],
    );
    await pool.query('vacuum analyze');
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${FIGURES.text}`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.doesNotMatch(plan, /Seq Scan on (?!kicks|instances)/, plan);
    assert.match(plan, /Index Only Scan using accounts_by_fallback/);
    assert.doesNotMatch(plan, /users/);

    const { rows: assigned } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${ASSIGNED.text}`);
    const assignedPlan = assigned.map((row) => row['QUERY PLAN']).join('\n');
    assert.doesNotMatch(assignedPlan, /Seq Scan on (?!instances)/, assignedPlan);
    assert.match(assignedPlan, /Index Only Scan using accounts_manager/);
  });
});
