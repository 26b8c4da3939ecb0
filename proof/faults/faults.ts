import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../src/demo/random.js';
import type { RecordingApplication } from '../test/support/recording-application.js';
import { type Cluster, ended, LINKS, type ProgramName } from './cluster.js';

/** What is done to the cluster for a while; when it resolves all is well again. */
export type Fault = (cluster: Cluster, application: RecordingApplication, random: Random) => Promise<void>;

const seconds = (from: number, to: number, random: Random): Promise<void> =>
  delay(1_000 * (from + random.next() * (to - from)));

const SERVERS = ['server 1', 'server 2'] as const;
const WORKERS = ['worker 1', 'worker 2'] as const;

/** SIGKILL; whoever keeps it running starts it again. */
const kill =
  (names: readonly ProgramName[]): Fault =>
  async (cluster, _, random) => {
    const child = cluster.process(random.pick(names));
    child?.kill('SIGKILL');
    if (child !== undefined) await ended(child);
  };

/** SIGSTOP for longer than leases last, then SIGCONT: a zombie that goes on where it was. */
const freeze =
  (names: readonly ProgramName[]): Fault =>
  async (cluster, _, random) => {
    const child = cluster.process(random.pick(names));
    child?.kill('SIGSTOP');
    await seconds(2, 12, random);
    child?.kill('SIGCONT');
  };

const answering =
  (answer: (random: Random) => RecordingApplication['answer']): Fault =>
  async (_, application, random) => {
    application.answer = answer(random);
    await seconds(2, 5, random);
    application.answer = () => ({ status: 204 });
    application.hangUp();
  };

/** By the numbers of the fault matrix. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'F1 worker killed': kill(WORKERS),
  'F2 worker frozen': freeze(WORKERS),
  'F2 server frozen': freeze(SERVERS),
  'F3 server killed': kill(SERVERS),
  'F5 Temporal killed': kill(['Temporal']),
  'F7 Temporal black-holed': async ({ links }, _, random) => {
    links['server to Temporal'].set('blackhole');
    await seconds(1, 5, random);
    // A connection that lost bytes is of no more use.
    links['server to Temporal'].set('refuse');
    links['server to Temporal'].set('pass');
  },
  'F8 all connections of PostgreSQL cut': async ({ pool }) => {
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'roster %' and application_name <> 'roster proof'`,
    );
  },
  'F9 answers to a COMMIT or a write cut': async ({ links }, _, random) => {
    for (let times = 0; times < 5; times += 1) {
      const cut = random.pick(['users', 'commit']);
      const isCut = new Promise<void>((told) => links['server to PostgreSQL'].set({ cut, after: 'pass', told }));
      await Promise.race([isCut, delay(500)]);
    }
    links['server to PostgreSQL'].set('pass');
  },
  'F13 application hangs': answering(() => () => ({ status: 'never' })),
  'F14 application answers 500, 429 and resets, and sometimes takes it all the same': answering((random) => () => {
    const status = random.pick([500, 503, 429, 'reset', 204] as const);
    return { status, retryAfter: 1, takes: status === 204 || random.chance(0.5) };
  }),
  'F26 a link refused': async ({ links }, _, random) => {
    const link = links[random.pick(LINKS)];
    link.set('refuse');
    await seconds(1, 4, random);
    link.set('pass');
  },
  'F26 a link flapping': async ({ links }, _, random) => {
    const link = links[random.pick(LINKS)];
    for (let times = 0; times < 4; times += 1) {
      link.set('refuse');
      await delay(300);
      link.set('pass');
      await delay(500);
    }
  },
  'F28 server asked to end': async (cluster, _, random) => {
    const child = cluster.process(random.pick(SERVERS));
    child?.kill('SIGTERM');
    if (child !== undefined) await ended(child);
  },
};
