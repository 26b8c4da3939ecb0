import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import { freePort } from '../../src/dev/free-port.js';
import { keepRunning } from '../../src/dev/keep-running.js';
import { type RunningProgram, startProgram } from '../../src/dev/program.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { createMany } from '../support/creates.js';
import { SECRET, startRoster, type TestRoster, workflowBundle } from '../support/roster.js';
import { serverProcesses } from '../support/servers.js';
import { settled } from '../support/settled.js';
import { shippedArguments } from '../support/shipped.js';

describe('processes that are killed', () => {
  let roster: TestRoster;
  let logs: string;
  const latest: Partial<Record<'server' | 'worker', RunningProgram>> = {};
  const stops: (() => Promise<void>)[] = [];

  before(async function () {
    this.timeout(120_000);
    roster = await startRoster({ server: false, worker: false });
    logs = await mkdtemp(join(tmpdir(), 'roster-killed-'));
    const { temporal, databaseUrl } = roster.config;
    const environment = childEnvironment({
      DATABASE_URL: databaseUrl ?? '',
      TEMPORAL_ADDRESS: temporal.address ?? '',
      TEMPORAL_NAMESPACE: temporal.namespace,
      TEMPORAL_TASK_QUEUE: temporal.taskQueue,
      ROSTER_SECRET: SECRET,
      ROSTER_SHUTDOWN_SECONDS: '5',
      ROSTER_WORKFLOW_BUNDLE: await workflowBundle(),
      PORT: String(await freePort()),
    });
    roster = { ...roster, scimUrl: `http://127.0.0.1:${environment['PORT']}/scim/v2` };
    for (const name of ['server', 'worker'] as const) {
      const start = async (): Promise<RunningProgram> => {
        const program = await startProgram(
          serverProcesses(),
          name,
          environment,
          join(logs, `${name}.log`),
          shippedArguments(name),
        );
        latest[name] = program;
        return program;
      };
      stops.push((await keepRunning(start, () => undefined)).stop);
    }
  });
  after(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await roster.close();
    await rm(logs, { recursive: true, force: true });
  });

  const kill = (name: 'server' | 'worker') => (): void => void latest[name]?.process.kill('SIGKILL');

  it('SIGKILL of worker and server in the middle of 500 creates: nothing acknowledged is lost, nothing happens twice', async function () {
    this.timeout(120_000);
    const creates = await createMany(roster, 'killed', 500, {
      120: kill('worker'),
      250: kill('server'),
      380: kill('worker'),
    });
    assert.deepEqual(creates.refused, []);
    assert.ok(creates.acknowledged.size >= 480, `${creates.acknowledged.size} were acknowledged`);
    await settled(roster);
    const { rows } = await roster.pool.query<{ userName: string; id: string; status: string; team: string | null }>(
      `select u.user_name as "userName", u.id, a.status, a.team_id as team
       from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
       where u.instance_id = $1 and u.user_name like 'killed%'`,
      [roster.instance],
    );
    const stored = new Map(rows.map((row) => [row.userName, row]));
    assert.equal(stored.size, rows.length, 'none twice');
    for (const [userName, id] of creates.acknowledged) {
      const row = stored.get(userName);
      assert.deepEqual([row?.id, row?.status, row?.team !== null], [id, 'active', true], userName);
    }
    for (const { userName } of rows) {
      assert.ok(creates.acknowledged.has(userName) || creates.unknown.has(userName), `${userName} is a ghost`);
    }
    const { rows: audited } = await roster.pool.query<{ count: number }>(
      `select count(*)::int as count from audit_log where instance_id = $1 and action = 'user.create'`,
      [roster.instance],
    );
    assert.equal(audited[0]?.count, rows.length + 1, 'one audit row each, and the coach’s');
    await assertEqualsModel(roster.pool, roster.instance);
  });
});
