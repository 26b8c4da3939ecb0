import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import { type RunningProgram, startProgram } from '../../src/dev/program.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { connectApplication } from '../support/fake-application.js';
import { type FaultProxy, faultProxy } from '../support/fault-proxy.js';
import { until } from '../support/interleave.js';
import { assign, setActive } from '../support/people.js';
import { type RecordingApplication, startRecordingApplication } from '../support/recording-application.js';
import { SECRET, startRoster, type TestRoster, workflowBundle } from '../support/roster.js';
import { serverProcesses } from '../support/servers.js';
import { settled } from '../support/settled.js';
import { shippedArguments } from '../support/shipped.js';

/** Statements of the steps: a worker dies when the answer to one is on its way back. */
const STATEMENTS = [
  'read_asserted',
  'apply_accounts',
  'find_managers',
  'evaluate_reports',
  'join_teams',
  'claim_announcement',
  'finish_announcement',
  'mark_applied',
  // Who dies in a pass keeps it from others for half a minute.
  'list_moved',
];
/** Moments of a call of the application: it has it, but has not answered; its answer is on its way. */
const MOMENTS = ['not answered yet', 'just answered'] as const;
const PEOPLE_A_GANG = 10;
const PEOPLE = 200;

const UNTOLD = 'select from accounts a where a.instance_id = $1 and announced_revision(a) < a.revision';

describe('a worker that is killed between any two steps', () => {
  let roster: TestRoster;
  let application: RecordingApplication;
  let proxy: FaultProxy;
  let folder: string;
  let worker: RunningProgram;

  const startWorker = async (): Promise<RunningProgram> => {
    const { temporal } = roster.config;
    const environment = childEnvironment({
      DATABASE_URL: proxy.url,
      TEMPORAL_ADDRESS: temporal.address ?? '',
      TEMPORAL_NAMESPACE: temporal.namespace,
      TEMPORAL_TASK_QUEUE: temporal.taskQueue,
      ROSTER_SECRET: SECRET,
      ROSTER_PRIVATE_APPLICATIONS: 'on',
      ROSTER_SHUTDOWN_SECONDS: '3',
      ROSTER_WORKFLOW_BUNDLE: await workflowBundle(),
    });
    return startProgram(
      serverProcesses(),
      'worker',
      environment,
      join(folder, 'worker.log'),
      shippedArguments('worker'),
    );
  };

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'roster-killed-'));
    roster = await startRoster({ worker: false });
    proxy = await faultProxy(roster.proxy.url);
    application = await startRecordingApplication();
    await connectApplication(roster, application.url);
    worker = await startWorker();
  });
  after(async () => {
    await worker.stop();
    await proxy.close();
    await roster.close();
    await application.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('200 users: never two calls at once, none out of order, and in the end all is as the rules say, here and there', async function () {
    this.timeout(180_000);
    for (const statement of STATEMENTS) {
      await dies(statement, (told) => proxy.set({ cut: `\0${statement}\0`, after: 'pass', told }));
    }
    for (const moment of MOMENTS) {
      await dies(`a call that is ${moment}`, (told) => {
        application.answer = () => {
          application.answer = () => ({ status: 204 });
          if (moment === 'not answered yet') told();
          else setImmediate(told);
          return { status: 204 };
        };
      });
    }
    while (people < PEOPLE) await comeAndGo();

    await settled(roster, 120);
    await until(
      'all are told',
      async () => (await roster.pool.query(UNTOLD, [roster.instance])).rowCount === 0,
      60_000,
    );
    await assertEqualsModel(roster.pool, roster.instance);
    assert.deepEqual(await asTheApplicationHasIt(), await asItIs());
    assert.deepEqual(application.faults, []);
    const { rows: stuck } = await roster.pool.query(`select from progress where instance_id = $1 and stage = 'stuck'`, [
      roster.instance,
    ]);
    assert.equal(stuck.length, 0);
  });

  let people = 0;

  /** Ten people of one manager, who comes last; the first goes again, and so does the manager of every second ten. */
  async function comeAndGo(): Promise<void> {
    const gang = people / PEOPLE_A_GANG;
    people += PEOPLE_A_GANG;
    const manager = `boss${gang}@x.test`;
    const ids = await Promise.all(
      Array.from({ length: PEOPLE_A_GANG - 1 }, (_, index) => assign(roster, `m${gang}.${index}@x.test`, { manager })),
    );
    const boss = await assign(roster, manager);
    await setActive(roster, ids[0] ?? '', false);
    if (gang % 2 === 1) await setActive(roster, boss, false);
  }

  /** Kills the worker at the moment that `arm` waits for, while people come and go, and starts another. */
  async function dies(moment: string, arm: (told: () => void) => void): Promise<void> {
    const doomed = worker;
    arm(() => doomed.process.kill('SIGKILL'));
    const isDead = (): boolean => doomed.process.signalCode !== null;
    for (let gangs = 0; gangs < 2; gangs += 1) await comeAndGo();
    await until(`a worker dies at ${moment}`, isDead, 45_000);
    worker = await startWorker();
  }

  const asItIs = async () => {
    const { rows } = await roster.pool.query<{ id: string; is: string }>(
      `select a.id, concat_ws(' ', a.user_name, a.status, m.user_name) as is from accounts a
       left join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
       where a.instance_id = $1 and a.told_created`,
      [roster.instance],
    );
    return new Map(rows.map(({ id, is }) => [id, is] as const));
  };
  const asTheApplicationHasIt = async () =>
    new Map(
      [...application.has].map(
        ([id, { userName, status, manager }]) =>
          [id, [userName, status, ...(manager === null ? [] : [manager.userName])].join(' ')] as const,
      ),
    );
});
