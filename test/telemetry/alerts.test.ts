import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/dev/free-port.js';
import type { Reason, Stage } from '../../src/directory/progress-list.js';
import { startServer } from '../../src/server.js';
import { createLog } from '../../src/telemetry/log.js';
import { type AlertRule, alertRules } from '../support/alert-rules.js';
import { connectApplication, type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { faultProxy } from '../support/fault-proxy.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { accountNow, assign } from '../support/people.js';
import { isTrue, metricOf, readSamples } from '../support/prometheus.js';
import { startRoster, type TestRoster, workflowBundle } from '../support/roster.js';
import { settled } from '../support/settled.js';
import { startWorkerProgram, type WorkerProgram } from '../support/worker-program.js';

/** What a server without Temporal, and with a worker elsewhere, says in any case. */
const AWAY = ['RosterTemporalAway'];

describe('alerts', function () {
  this.timeout(60_000);
  let rules: AlertRule[];
  /** One that is well, and one that nobody repairs: it has no Temporal and no worker. */
  let roster: TestRoster;
  let away: TestRoster;
  let application: FakeApplication;
  let worker: WorkerProgram;
  let workerText: string;
  let folder: string;
  const fired = new Set<string>();
  const namesSeen = new Set<string>();

  before(async function () {
    this.timeout(120_000);
    rules = await alertRules();
    folder = await mkdtemp(join(tmpdir(), 'roster-alerts-'));
    roster = await startRoster({ worker: false });
    worker = await startWorkerProgram(roster, await workflowBundle());
    application = await startFakeApplication();
    await connectApplication(roster, application.url);
    const address = `127.0.0.1:${await freePort()}`;
    away = await startRoster({ worker: false, server: false, temporal: { address, namespace: 'default' } });
  });
  after(async () => {
    await worker.stop();
    await Promise.all([roster.close(), away.close(), application.close(), rm(folder, { recursive: true })]);
  });

  const scrape = async (port: string | number): Promise<string> =>
    (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const scrapeRoster = (): Promise<string> => scrape(new URL(roster.scimUrl).port);
  /** What a server says that has just been started: nothing of before. */
  const scrapeFresh = async (of: TestRoster): Promise<string> => {
    const server = await of.startServer();
    try {
      return await scrape(server.port);
    } finally {
      await server.stop();
    }
  };
  /** The alerts that these texts make true. */
  const firing = (texts: readonly string[], before: readonly string[] = []): string[] => {
    const [samples, earlier] = [readSamples(texts.join('\n')), readSamples(before.join('\n'))];
    for (const { name } of samples) namesSeen.add(name);
    return rules.filter(({ expr }) => isTrue(expr, samples, earlier)).map(({ alert }) => alert);
  };
  const assertFires = (alert: string, texts: readonly string[], others: readonly string[] = []): void => {
    assert.deepEqual(firing(texts).toSorted(), [alert, ...others].toSorted());
    fired.add(alert);
  };

  it('all are silent while people are provisioned, told of and waited for', async () => {
    const before = await scrapeRoster();
    await Promise.all(Array.from({ length: 10 }, (_, n) => assign(roster, `p${n}@x.test`, { manager: 'boss@x.test' })));
    await assign(roster, 'boss@x.test');
    await settled(roster);
    await until('the application is told', () => application.told.length >= 12);
    await until('the worker has counted it', async () =>
      (await worker.metrics()).includes('roster_announcements_total'),
    );
    workerText = await worker.metrics();
    assert.deepEqual(firing([await scrapeFresh(roster), workerText], [before]), []);
    assert.deepEqual(firing([await scrapeRoster(), workerText], [before]), []);
    assert.match(
      workerText,
      new RegExp(`^roster_announcements_total\\{instance="${roster.instance}",outcome="told"} \\d+$`, 'm'),
    );
  });

  it('RosterServerAway, RosterNoWorkers: nobody is there to be asked', async () => {
    assertFires('RosterServerAway', [workerText]);
    assertFires('RosterNoWorkers', [await scrapeFresh(roster)]);
  });

  it('RosterDatabaseAway: PostgreSQL takes no connections; what it said last is still told', async () => {
    const fallenBack = new RegExp(`^roster_default_manager_accounts\\{instance="${roster.instance}"} 1$`, 'm');
    await until('the boss is counted', async () => fallenBack.test(await scrapeRoster()));
    roster.proxy.set('refuse');
    try {
      await until('it is told', async () => firing([await scrapeRoster(), workerText]).length > 0);
      const text = await scrapeRoster();
      assertFires('RosterDatabaseAway', [text, workerText]);
      assert.match(text, /^roster_kicks 0$/m);
      assert.match(text, fallenBack);
    } finally {
      roster.proxy.set('pass');
    }
    await until('it is well again', async () => firing([await scrapeRoster(), workerText]).length === 0);
  });

  it('RosterDatabaseAway: PostgreSQL answers nothing; the scrape is answered in time', async () => {
    roster.proxy.set('blackhole');
    try {
      await until('it is told', async () => firing([await scrapeRoster(), workerText]).length > 0);
      const began = performance.now();
      assertFires('RosterDatabaseAway', [await scrapeRoster(), workerText]);
      assert.ok(performance.now() - began < 5_000, 'Prometheus gives up after 10 s');
    } finally {
      roster.proxy.set('pass');
    }
    await until('it is well again', async () => firing([await scrapeRoster(), workerText]).length === 0, 20_000);
  });

  it('RosterTemporalAway: it was there, and is gone', async () => {
    const temporal = await faultProxy(`http://${roster.config.temporal.address}`);
    const { host: address } = new URL(temporal.url);
    const config = { ...roster.config, temporal: { ...roster.config.temporal, address } };
    const server = await startServer(config, createLog(config, 'server'));
    try {
      assert.deepEqual(firing([await scrape(server.port), workerText]), []);
      temporal.set('refuse');
      await until('it is told', async () => firing([await scrape(server.port), workerText]).length > 0);
      assertFires('RosterTemporalAway', [await scrape(server.port), workerText]);
      temporal.set('pass');
      await until('it is back', async () => firing([await scrape(server.port), workerText]).length === 0, 20_000);
    } finally {
      await server.stop();
      await temporal.close();
    }
  });

  it('RosterKicksNotSent: a change that Temporal was not told of', async () => {
    await away.pool.query(`update kicks set created_at = now() - interval '5 minutes'`);
    assertFires('RosterKicksNotSent', [await scrapeFresh(away), workerText], AWAY);
    await away.pool.query('delete from kicks');
    assert.deepEqual(firing([await scrapeFresh(away), workerText]), AWAY);
  });

  describe('of where somebody stands', () => {
    const cases: readonly { alert: string; stage: Stage; reason?: Reason; since: string; due?: string }[] = [
      { alert: 'RosterUnsettled', stage: 'provisioning', since: '10 minutes' },
      { alert: 'RosterUnsettled', stage: 'deactivating', since: '10 minutes' },
      { alert: 'RosterWaitsTooLong', stage: 'waiting for manager', since: '10 minutes', due: '5 minutes' },
      { alert: 'RosterBrakeHeld', stage: 'held', since: '1 second' },
      { alert: 'RosterStepsFail', stage: 'stuck', reason: 'directory_unavailable', since: '1 minute' },
      { alert: 'RosterApplicationUnreachable', stage: 'stuck', reason: 'application_unreachable', since: '1 minute' },
    ];
    const show = async ({ stage, reason, since, due }: Omit<(typeof cases)[number], 'alert'>): Promise<string[]> => {
      await away.pool.query('delete from progress');
      await away.pool.query('delete from kicks');
      await away.pool.query(
        `insert into progress (instance_id, user_id, stage, reason, since, due)
         select instance_id, id, $1, $2, now() - $3::interval, now() - $4::interval from accounts`,
        [stage, reason, since, due],
      );
      // Somebody is telling Temporal of them: the server's own sweeper, which may come before the scrape, leaves them as they are.
      await away.pool.query(
        `insert into kicks (instance_id, user_id, lane, source, taken_until) select instance_id, id, 1, 'sweep', now() + interval '1 hour' from accounts`,
      );
      return [await scrapeFresh(away), workerText];
    };
    // Whose version is applied is not shown as provisioning by the dispatcher.
    before(() => away.pool.query('update accounts set applied_version = asserted_version'));

    for (const { alert, ...fault } of cases) {
      it(`${alert}: ${fault.stage}`, async () => {
        assertFires(alert, await show(fault), AWAY);
      });
    }
    it('RosterStuckForLong, beside the alert of the reason', async () => {
      const texts = await show({ stage: 'stuck', reason: 'application_refused', since: '5 hours' });
      assertFires('RosterStuckForLong', texts, [...AWAY, 'RosterApplicationRefuses']);
    });
    it('none: a wait that is long and not over, and a minute under way', async () => {
      assert.deepEqual(firing(await show({ stage: 'waiting for manager', since: '5 hours', due: '-1 hour' })), AWAY);
      assert.deepEqual(firing(await show({ stage: 'provisioning', since: '1 minute' })), AWAY);
      assert.deepEqual(firing(await show({ stage: 'abandoned', since: '100 days' })), AWAY);
    });
  });

  it('RosterApplicationRefuses: an application that wants somebody not', async () => {
    application.answer = (response) => response.writeHead(422).end('No seat left.');
    const id = await assign(roster, 'unwanted@x.test');
    await until('it is stuck', async () => (await accountNow(roster, id)).stage === 'stuck', 20_000);
    assertFires('RosterApplicationRefuses', [await scrapeFresh(roster), workerText]);
    assert.match(await worker.metrics(), /^roster_announcements_total\{instance="\S+",outcome="refused"} 1$/m);
    application.answer = (response) => response.writeHead(204).end();
    await scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value: { title: 'Wanted' } }] });
    await until('it is free', async () => (await accountNow(roster, id)).stage === 'provisioned', 20_000);
  });

  it('RosterUnsealed: somebody holds the seal', async () => {
    const unsealed = 'select from audit_log where position is null union all select from events where position is null';
    await until('all is sealed', async () => (await roster.pool.query(unsealed)).rowCount === 0);
    const server = await roster.startServer();
    const client = await roster.pool.connect();
    try {
      await client.query('begin');
      await client.query('select from seals where instance_id = $1 for update', [roster.instance]);
      await roster.pool.query(
        `insert into audit_log (instance_id, at, actor, action, outcome) values ($1, now() - interval '5 minutes', 'cli', 'test', 'accepted')`,
        [roster.instance],
      );
      assertFires('RosterUnsealed', [await scrape(server.port), workerText]);
    } finally {
      await client.query('rollback');
      client.release();
      await server.stop();
    }
  });

  it('RosterRequestsFail: a table is gone', async () => {
    await until('all is well', async () => firing([await scrapeRoster(), workerText]).length === 0);
    const before = await scrapeRoster();
    await roster.pool.query('alter table users rename to gone');
    try {
      const { status } = await scim(roster, 'GET', '/Users?filter=userName eq "p0@x.test"');
      assert.equal(status, 500);
    } finally {
      await roster.pool.query('alter table gone rename to users');
    }
    assert.deepEqual(firing([await scrapeRoster(), workerText], [before]), ['RosterRequestsFail']);
    fired.add('RosterRequestsFail');
  });

  it('RosterWorkflowCodeDiffers: a worker of other code meets a run that waits', async function () {
    this.timeout(120_000);
    await roster.pool.query('update instances set manager_wait_seconds = 600 where id = $1', [roster.instance]);
    const id = await assign(roster, 'waiter@x.test', { manager: 'nobody@x.test' });
    await until('it waits', async () => (await accountNow(roster, id)).stage === 'waiting for manager');
    await worker.stop();
    const code = await readFile(await workflowBundle(), 'utf8');
    const bundle = join(folder, 'other.js');
    await writeFile(bundle, code.replaceAll('findManagers', 'findOthers'));
    worker = await startWorkerProgram(roster, bundle);
    await scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value: { title: 'Late' } }] });
    await until(
      'it is told',
      async () => firing([await scrapeFresh(roster), await worker.metrics()]).includes('RosterWorkflowCodeDiffers'),
      40_000,
    );
    assertFires('RosterWorkflowCodeDiffers', [await scrapeFresh(roster), await worker.metrics()]);
  });

  describe('all of them', () => {
    it('were made true, by metrics that are there', () => {
      assert.deepEqual([...fired].toSorted(), rules.map(({ alert }) => alert).toSorted());
      for (const { expr } of rules) assert.ok(namesSeen.has(metricOf(expr)), expr);
    });

    it('docs/operations.md lists each metric of ours, and no other', async () => {
      const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
      const rows = page.split('\n').filter((line) => /^\| `\w+`/.test(line));
      const listed = rows.flatMap((row) => row.split('|')[1]?.match(/roster_\w+/g) ?? []);
      const ours = [...namesSeen].filter((name) => name.startsWith('roster_'));
      const told = new Set(ours.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
      assert.deepEqual(listed.toSorted(), [...told].toSorted());
    });
  });
});
