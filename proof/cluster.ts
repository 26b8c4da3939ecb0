import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type pg from 'pg';
import { childEnvironment, readConfig } from '../src/config.js';
import { migrate } from '../src/database/migrate.js';
import { createPool } from '../src/database/pool.js';
import { createChildProcesses } from '../src/dev/child-processes.js';
import { startPostgres } from '../src/dev/embedded-postgres.js';
import { freePort } from '../src/dev/free-port.js';
import { keepRunning, type Running } from '../src/dev/keep-running.js';
import { startProgram } from '../src/dev/program.js';
import { findTemporal } from '../src/dev/temporal-binary.js';
import { startTemporal } from '../src/dev/temporal-server.js';
import { type FaultProxy, faultProxy } from '../test/support/fault-proxy.js';

export const SECRET = 'a secret of the proof, which no log may show';

/** The links that may break. */
export const LINKS = [
  'server to PostgreSQL',
  'worker to PostgreSQL',
  'server to Temporal',
  'worker to Temporal',
] as const;
type Link = (typeof LINKS)[number];

/** The processes that may be killed, stopped for a while, or asked to end: they are started again. */
const PROGRAMS = ['server 1', 'server 2', 'worker 1', 'worker 2', 'Temporal'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

/** A whole Roster of several processes, and what stands between them. */
export interface Cluster {
  readonly origins: readonly string[];
  /** Past all faults. */
  readonly pool: pg.Pool;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly links: Readonly<Record<Link, FaultProxy>>;
  readonly process: (name: ProgramName) => ChildProcess | undefined;
  readonly logs: readonly string[];
  close(): Promise<void>;
}

/** Starts PostgreSQL, Temporal, two servers and two workers of the build in `programs`, with their data and logs in `folder`. */
export async function startCluster(folder: string, programs: string, report: (line: string) => void): Promise<Cluster> {
  const config = readConfig();
  const processes = createChildProcesses();
  const stops: (() => Promise<void>)[] = [];
  const running = new Map<ProgramName, ChildProcess>();
  const keep = async <Started extends Running>(name: ProgramName, start: () => Promise<Started>): Promise<Started> => {
    const { first, stop } = await keepRunning(
      async () => {
        const started = await start();
        running.set(name, started.process);
        return started;
      },
      () => undefined,
    );
    stops.push(stop);
    return first;
  };
  const postgres = await startPostgres({
    processes,
    dataFolder: join(folder, 'postgres'),
    password: 'proof',
    database: 'roster',
    durable: true,
    report,
  });
  await migrate(postgres.url);
  const binary = await findTemporal({ cliPath: config.temporal.cliPath, path: config.path, report });
  const port = await freePort();
  const databaseFile = join(folder, 'temporal.db');
  const { address, namespace } = await keep('Temporal', () =>
    startTemporal({ processes, binary, namespace: 'default', port, uiPort: undefined, databaseFile, report }),
  );
  const proxies = await Promise.all(
    LINKS.map((link) => faultProxy(link.endsWith('PostgreSQL') ? postgres.url : `http://${address}`)),
  );
  const linkOf = (link: Link): FaultProxy => {
    const proxy = proxies[LINKS.indexOf(link)];
    if (proxy === undefined) throw new RangeError(link);
    return proxy;
  };

  const origins: string[] = [];
  const logs: string[] = [];
  for (const name of ['server 1', 'server 2', 'worker 1', 'worker 2'] as const) {
    const kind = name.startsWith('server') ? 'server' : 'worker';
    const ownPort = await freePort();
    if (kind === 'server') origins.push(`http://127.0.0.1:${ownPort}`);
    const log = join(folder, `${name.replace(' ', '-')}.log`);
    logs.push(log);
    const settings = childEnvironment({
      DATABASE_URL: linkOf(`${kind} to PostgreSQL`).url,
      TEMPORAL_ADDRESS: new URL(linkOf(`${kind} to Temporal`).url).host,
      TEMPORAL_NAMESPACE: namespace,
      TEMPORAL_TASK_QUEUE: 'roster',
      ROSTER_SECRET: SECRET,
      ROSTER_PRIVATE_APPLICATIONS: 'on',
      ROSTER_RATE_LIMIT: 'off',
      ROSTER_SHUTDOWN_SECONDS: '5',
      ROSTER_PATIENCE_SECONDS: '5',
      PORT: String(ownPort),
    });
    await keep(name, () => startProgram(processes, kind, settings, log, [join(programs, 'src', `${kind}.js`)]));
  }
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
    pool,
    temporal: { address, namespace },
    links: Object.fromEntries(LINKS.map((link) => [link, linkOf(link)])) as Record<Link, FaultProxy>,
    process: (name) => running.get(name),
    logs,
    close: async () => {
      for (const name of PROGRAMS) running.get(name)?.kill('SIGCONT');
      await Promise.all(stops.map((stop) => stop()));
      await pool.end();
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await postgres.stop();
      await processes.close();
    },
  };
}

/** Waits until a process has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
