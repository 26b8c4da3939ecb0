import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { childEnvironment } from '../src/config.js';
import { createPool } from '../src/database/pool.js';
import { createChildProcesses } from '../src/dev/child-processes.js';
import { startPostgres } from '../src/dev/embedded-postgres.js';
import { freePort } from '../src/dev/free-port.js';
import { keepRunning, type Running } from '../src/dev/keep-running.js';
import { startProgram } from '../src/dev/program.js';
import { type FaultProxy, faultProxy } from '../test/support/fault-proxy.js';
import { createTemporalOnPostgres } from './temporal-on-postgres.js';

const CRASH = /SIG(?:ABRT|SEGV|BUS|ILL|TRAP|FPE)/;
/** One of Roster's own that had been ready and gave up; whoever is asked to end ends with 0. */
const FAILED = /^ended \([1-9]/;

export const SECRET = 'a secret of the proof, which no log may show';
export const BY_PROOF = { actor: 'proof', source: 'admin', requestId: null } as const;

/** Roster's own processes: they may be killed, stopped for a while, or asked to end, and are started again. */
export const PROGRAMS = ['server 1', 'server 2', 'worker 1', 'worker 2'] as const;
export type Program = (typeof PROGRAMS)[number];
const DATA_STORES = ['PostgreSQL', 'Temporal'] as const;
export type ProgramName = Program | (typeof DATA_STORES)[number];
const isRosters = (name: ProgramName): boolean => PROGRAMS.some((program) => program === name);

/** Links of the cluster, each with a proxy of its own. */
const CLUSTER_LINKS = [
  ...PROGRAMS.flatMap((name) => [`${name} to PostgreSQL`, `${name} to Temporal`] as const),
  'Temporal to PostgreSQL',
] as const;
type ClusterLink = (typeof CLUSTER_LINKS)[number];
/** All links that may break. */
export const LINKS = [...CLUSTER_LINKS, 'workers to the application'] as const;
export type LinkName = (typeof LINKS)[number];

/** A whole Roster of several processes on the shape of production, and what stands between them. */
export interface Cluster {
  readonly origins: readonly string[];
  /** PostgreSQL past all faults. */
  readonly postgresUrl: string;
  readonly pool: pg.Pool;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly links: Readonly<Record<ClusterLink, FaultProxy>>;
  readonly process: (name: ProgramName) => ChildProcess | undefined;
  /** Kills Temporal and does something before it is started again. */
  withoutTemporal(work: () => Promise<void>): Promise<void>;
  /** Puts Temporal's store back as it was when it was new, while it does not run. */
  wipeTemporal(): Promise<void>;
  /** What ends by itself after its fault was begun. */
  readonly later: Promise<void>[];
  /** The logs of Roster's processes, of PostgreSQL and of Temporal. */
  readonly logs: readonly string[];
  /** Who ended by itself in a way that nobody asked for, as where there is no memory left or Roster gave up; a line each. */
  readonly crashes: readonly string[];
  close(): Promise<void>;
}

export interface ClusterOptions {
  /** For data and logs; the user of PostgreSQL must be able to reach it. */
  readonly folder: string;
  /** The build that is run, by program: a folder like `dist`. */
  readonly build: (program: string) => string;
  readonly report: (line: string) => void;
  /** How long a server may take to end. */
  readonly shutdownSeconds?: number;
}

/** Starts PostgreSQL, Temporal on it, two servers and two workers. */
export async function startCluster({ folder, build, report, shutdownSeconds = 5 }: ClusterOptions): Promise<Cluster> {
  const processes = createChildProcesses();
  const stops: (() => Promise<void>)[] = [];
  const running = new Map<ProgramName, ChildProcess>();
  const crashes: string[] = [];
  const keep = async <Started extends Running>(name: ProgramName, start: () => Promise<Started>): Promise<Started> => {
    const { first, stop } = await keepRunning(
      async () => {
        const started = await start();
        running.set(name, started.process);
        return started;
      },
      (what) => {
        if (CRASH.test(what) || (isRosters(name) && FAILED.test(what))) crashes.push(`${name} ${what}`);
      },
    );
    stops.unshift(stop);
    return first;
  };
  const port = await freePort();
  const dataFolder = join(folder, 'postgres');
  const postgres = await keep('PostgreSQL', () =>
    startPostgres({
      processes,
      dataFolder,
      password: 'proof',
      database: 'roster',
      durable: true,
      port,
      report,
    }),
  );
  await migrate(build('migrate'), postgres.url);
  const toPostgres = await faultProxy(postgres.url);
  const temporal = await createTemporalOnPostgres({
    processes,
    folder,
    postgresUrl: postgres.url,
    linkUrl: toPostgres.url,
    report,
  });
  let mayStart = Promise.resolve();
  await keep('Temporal', async () => {
    await mayStart;
    return temporal.start();
  });
  const proxies = new Map<ClusterLink, FaultProxy>([['Temporal to PostgreSQL', toPostgres]]);
  for (const name of PROGRAMS) {
    proxies.set(`${name} to PostgreSQL`, await faultProxy(postgres.url));
    proxies.set(`${name} to Temporal`, await faultProxy(`http://${temporal.address}`));
  }
  const links = Object.fromEntries(proxies) as Record<ClusterLink, FaultProxy>;

  const origins: string[] = [];
  const logs = [`${dataFolder}.log`, temporal.log];
  await Promise.all(
    PROGRAMS.map(async (name) => {
      const kind = name.startsWith('server') ? 'server' : 'worker';
      const ownPort = await freePort();
      if (kind === 'server') origins.push(`http://127.0.0.1:${ownPort}`);
      const log = join(folder, `${name.replace(' ', '-')}.log`);
      logs.push(log);
      const settings = childEnvironment({
        DATABASE_URL: links[`${name} to PostgreSQL`].url,
        TEMPORAL_ADDRESS: new URL(links[`${name} to Temporal`].url).host,
        TEMPORAL_NAMESPACE: temporal.namespace,
        TEMPORAL_TASK_QUEUE: 'roster',
        ROSTER_SECRET: SECRET,
        ROSTER_PRIVATE_APPLICATIONS: 'on',
        ROSTER_RATE_LIMIT: 'off',
        ROSTER_SHUTDOWN_SECONDS: String(shutdownSeconds),
        ROSTER_PATIENCE_SECONDS: '5',
        PORT: String(ownPort),
      });
      const clock = `${WRONG_CLOCK}?step=${name.endsWith('1') ? HOUR_MS : -HOUR_MS}`;
      const program = ['--import', clock, join(build(name), 'src', `${kind}.js`)];
      await keep(name, () => startProgram(processes, kind, settings, log, program));
    }),
  );
  const pool = createPool({
    url: postgres.url,
    max: 4,
    applicationName: 'roster proof',
    connectionTimeout: 10_000,
    statementTimeout: 60_000,
    onError: () => undefined,
  });
  return {
    origins,
    postgresUrl: postgres.url,
    pool,
    temporal: { address: temporal.address, namespace: temporal.namespace },
    links,
    process: (name) => running.get(name),
    withoutTemporal: async (work) => {
      mayStart = (async () => {
        const child = running.get('Temporal');
        child?.kill('SIGKILL');
        if (child !== undefined) await ended(child);
        await work();
      })();
      await mayStart.finally(() => {
        mayStart = Promise.resolve();
      });
    },
    wipeTemporal: () => temporal.wipe(),
    later: [],
    logs,
    crashes,
    close: async () => {
      for (const child of running.values()) child.kill('SIGCONT');
      await pool.end();
      // In the order in which they need each other: PostgreSQL last.
      for (const stop of stops) await stop();
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await processes.close();
    },
  };
}

const HOUR_MS = 3_600_000;
const WRONG_CLOCK = new URL('wrong-clock.mjs', import.meta.url).href;

/** Brings the schema up to date as it is done for real. */
async function migrate(build: string, databaseUrl: string): Promise<void> {
  const args = [join(build, 'src', 'cli.js'), 'migrate', '--skip-temporal'];
  await promisify(execFile)(process.execPath, args, { env: childEnvironment({ DATABASE_URL: databaseUrl }) });
}

/** Waits until a process has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
