import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import { seededRandom } from '../../src/demo/random.js';
import { freePort } from '../../src/dev/free-port.js';
import { type RunningProgram, startProgram } from '../../src/dev/program.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { scim } from '../support/http.js';
import { beginImport, countsOf, HEADER, importEnded, importNow, importRows, organisation } from '../support/imports.js';
import { until } from '../support/interleave.js';
import { SECRET, startRoster, type TestRoster, workflowBundle } from '../support/roster.js';
import { serverProcesses } from '../support/servers.js';
import { settled } from '../support/settled.js';
import { shippedArguments } from '../support/shipped.js';

const PEOPLE = 3_000;
const KILLS = 10;

describe('an import whose worker and server are killed', () => {
  let roster: TestRoster;
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  const programs: Partial<Record<'server' | 'worker', RunningProgram>> = {};

  const start = async (name: 'server' | 'worker'): Promise<void> => {
    programs[name] = await startProgram(
      serverProcesses(),
      name,
      environment,
      join(folder, `${name}.log`),
      shippedArguments(name),
    );
  };

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'roster-killed-'));
    roster = await startRoster({ server: false, worker: false });
    const { temporal, databaseUrl } = roster.config;
    const port = await freePort();
    environment = childEnvironment({
      DATABASE_URL: databaseUrl ?? '',
      TEMPORAL_ADDRESS: temporal.address ?? '',
      TEMPORAL_NAMESPACE: temporal.namespace,
      TEMPORAL_TASK_QUEUE: temporal.taskQueue,
      ROSTER_SECRET: SECRET,
      ROSTER_SHUTDOWN_SECONDS: '3',
      ROSTER_RATE_LIMIT: 'off',
      ROSTER_WORKFLOW_BUNDLE: await workflowBundle(),
      PORT: String(port),
    });
    roster = { ...roster, scimUrl: `http://127.0.0.1:${port}/scim/v2`, adminUrl: `http://127.0.0.1:${port}/admin/v1` };
    await Promise.all([start('server'), start('worker')]);
  });
  after(async () => {
    await Promise.all(Object.values(programs).map((program) => program.stop()));
    await roster.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('ten times: each row once, sums match, all as the rules say; whom Okta deactivates meanwhile stays off', async function () {
    this.timeout(180_000);
    const random = seededRandom('killed import');
    const id = await beginImport(roster, [HEADER, ...organisation(PEOPLE)]);
    const off = deactivateSome();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      // At a moment of the import, a little further each time; the last ones while managers and teams are given.
      const wanted = Math.min(PEOPLE, Math.round((PEOPLE * kill) / (KILLS - 3)));
      await until(`${wanted} are decided`, async () => (await decided()) >= wanted * random.next(), 60_000);
      const name = random.chance(0.7) ? 'worker' : 'server';
      programs[name]?.process.kill('SIGKILL');
      await programs[name]?.stop();
      await start(name);
    }
    const ended = await importEnded(roster, id, 120_000);
    assert.deepEqual([ended.state, countsOf(ended)], ['done', { total: PEOPLE, created: PEOPLE }]);
    const rows = await importRows(roster, id);
    assert.equal(new Set(rows.map(({ userId }) => userId)).size, PEOPLE, 'a user each');
    const { rows: audited } = await roster.pool.query<{ rows: number; users: number }>(
      `select count(*)::integer as rows, count(distinct user_id)::integer as users from audit_log
       where instance_id = $1 and action = 'user.create' and actor like 'operator:%'`,
      [roster.instance],
    );
    assert.deepEqual(audited, [{ rows: PEOPLE, users: PEOPLE }], 'created once each');
    const gone = await off;
    await settled(roster);
    await assertEqualsModel(roster.pool, roster.instance);
    const { rows: back } = await roster.pool.query(
      `select user_name from accounts where instance_id = $1 and id = any ($2) and status <> 'suspended'`,
      [roster.instance, gone],
    );
    assert.deepEqual(back, []);
  });

  const decided = async (): Promise<number> => {
    const { rows } = await importNow(roster, await only());
    return rows.total - rows.pending;
  };
  const only = async (): Promise<string> => {
    const { rows } = await roster.pool.query<{ id: string }>('select id from imports where instance_id = $1', [
      roster.instance,
    ]);
    return rows[0]?.id ?? '';
  };

  /** Okta deactivates twenty people as soon as the file has created them. @returns their ids */
  async function deactivateSome(): Promise<string[]> {
    const ids: string[] = [];
    for (let at = 0; at < 20; at += 1) {
      const userName = `p${PEOPLE - 1 - at * 120}@x.test`;
      let id = '';
      await until(
        `${userName} is there`,
        async () => {
          const { rows } = await roster.pool.query<{ id: string }>(
            'select id from users where instance_id = $1 and user_name = $2',
            [roster.instance, userName],
          );
          id = rows[0]?.id ?? '';
          return id !== '';
        },
        120_000,
      );
      const switchOff = () =>
        scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value: { active: false } }] }).then(
          ({ status }) => status === 200,
          () => false,
        );
      await until(`${userName} is off`, switchOff, 30_000);
      ids.push(id);
    }
    return ids;
  }
});
