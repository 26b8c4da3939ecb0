import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import pg from 'pg';
import { readConfig } from '../src/config.js';
import type { ChildProcesses } from '../src/dev/child-processes.js';
import { isPortFree } from '../src/dev/free-port.js';
import type { Running } from '../src/dev/keep-running.js';
import { findGo } from '../src/dev/temporal-binary.js';
import { buildTemporal } from '../src/dev/temporal-build.js';
import { registerSearchAttributes } from '../src/dispatch/register-search-attributes.js';
import { PACKAGE_ROOT } from '../src/program-files.js';

const NAMESPACE = 'roster';
const START_MS = 60_000;
const PROGRAMS = {
  'temporal-server': 'go.temporal.io/server/cmd/server',
  'temporal-sql-tool': 'go.temporal.io/server/cmd/tools/sql',
} as const;

/** Temporal's databases, each with the folder of its schema. */
const DATABASES = {
  temporal: 'postgresql/v12/temporal',
  temporal_visibility: 'postgresql/v12/visibility',
} as const;

/** Temporal's real server, all its services in one process, with its data in PostgreSQL. */
export interface TemporalOnPostgres {
  readonly address: string;
  readonly namespace: string;
  /** The file of its log. */
  readonly log: string;
  /** Starts it; to be called again when it has ended. */
  start(): Promise<Running>;
  /** Puts back its databases as they were when it was new, while it does not run. */
  wipe(): Promise<void>;
}

interface Options {
  readonly processes: ChildProcesses;
  /** For its configuration and its log. */
  readonly folder: string;
  /** PostgreSQL itself, to make the databases in. */
  readonly postgresUrl: string;
  /** PostgreSQL as the server is to reach it. */
  readonly linkUrl: string;
  readonly report: (line: string) => void;
}

/** Makes the databases of a Temporal server, with its namespace and search attributes in them. It does not run when this returns. */
export async function createTemporalOnPostgres(options: Options): Promise<TemporalOnPostgres> {
  const { folder, postgresUrl, report } = options;
  const server = await program('temporal-server', report);
  await makeDatabases(await program('temporal-sql-tool', report), postgresUrl);
  const { configFile, address } = await writeConfiguration(folder, options.linkUrl);
  const logFile = join(folder, 'temporal.log');
  const start = async (): Promise<Running> => {
    const log = await open(logFile, 'a', 0o600);
    try {
      const args = ['--config-file', configFile, '--allow-no-auth', 'start'];
      const child = await options.processes.start(server, args, 'SIGTERM', { stdio: ['ignore', log.fd, log.fd] });
      const running = { process: child, stop: () => options.processes.stop(child, 4_000) };
      await untilServing(address, () => child.exitCode !== null || child.signalCode !== null);
      return running;
    } finally {
      await log.close();
    }
  };
  const first = await start();
  await makeNamespace(address);
  await registerSearchAttributes({ address, namespace: NAMESPACE });
  await first.stop();
  await inDatabase(
    postgresUrl,
    Object.keys(DATABASES).map((name) => `create database ${name}_new template ${name}`),
  );
  return {
    address,
    namespace: NAMESPACE,
    log: logFile,
    start,
    wipe: () =>
      inDatabase(
        postgresUrl,
        Object.keys(DATABASES).flatMap((name) => [
          `drop database if exists ${name} with (force)`,
          `create database ${name} template ${name}_new`,
        ]),
      ),
  };
}

/** The path of a program of the server's, built with Go once. */
async function program(name: keyof typeof PROGRAMS, report: (line: string) => void): Promise<string> {
  const folder = join(PACKAGE_ROOT, '.roster', 'bin');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await buildTemporal(await findGo(readConfig().path), unfinished, report, undefined, PROGRAMS[name]);
  await rename(unfinished, path);
  return path;
}

async function makeDatabases(sqlTool: string, postgresUrl: string): Promise<void> {
  const { hostname, port, username, password } = new URL(postgresUrl);
  const args = ['--pl', 'postgres12', '--ep', hostname, '-p', port, '-u', username, '--pw', password];
  for (const [name, schema] of Object.entries(DATABASES)) {
    const tool = (...command: string[]) => promisify(execFile)(sqlTool, [...args, '--db', name, ...command]);
    await tool('create');
    await tool('setup-schema', '-v', '0.0');
    await tool('update-schema', '--schema-name', schema);
  }
}

async function inDatabase(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'roster proof' });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** JSON is YAML too. */
async function writeConfiguration(folder: string, linkUrl: string): Promise<{ configFile: string; address: string }> {
  const { host, username, password } = new URL(linkUrl);
  const store = (databaseName: string, maxConns: number): object => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: host,
      connectProtocol: 'tcp',
      user: username,
      password,
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  const ports = await freePorts(8);
  const service = (at: number): object => ({
    rpc: { grpcPort: ports[at], membershipPort: ports[at + 4], bindOnLocalHost: true },
  });
  const address = `127.0.0.1:${ports[0]}`;
  const dynamicConfig = join(folder, 'temporal-dynamic-config.json');
  // As deploy/temporal-dynamic-config.yaml has it; one partition of each queue is enough here.
  const values = {
    'limit.maxIDLength': 255,
    'system.enableActivityEagerExecution': true,
    'matching.enableFairness': true,
    'matching.numTaskqueueReadPartitions': 1,
    'matching.numTaskqueueWritePartitions': 1,
  };
  await writeFile(
    dynamicConfig,
    JSON.stringify(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [{ value }]]))),
  );
  const configFile = join(folder, 'temporal.json');
  const configuration = {
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: 16,
      datastores: { default: store('temporal', 20), visibility: store('temporal_visibility', 10) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: { frontend: service(0), history: service(1), matching: service(2), worker: service(3) },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '60s' },
  };
  await writeFile(configFile, JSON.stringify(configuration));
  return { configFile, address };
}

/** Temporal's schema keeps a port in a smallint: no port that the system would give can be one. */
async function freePorts(count: number): Promise<number[]> {
  const free: number[] = [];
  for (let port = 20_000 + Math.floor(Math.random() * 12_000); free.length < count; port += 1) {
    if (await isPortFree(port)) free.push(port);
  }
  return free;
}

async function makeNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace: NAMESPACE,
      workflowExecutionRetentionPeriod: msToTs('5 days'),
    });
    await eventually(() => connection.workflowService.describeNamespace({ namespace: NAMESPACE }));
    // A namespace is known to all services some seconds after it is made.
    await eventually(() => connection.operatorService.listSearchAttributes({ namespace: NAMESPACE }));
  } finally {
    await connection.close();
  }
}

async function eventually(ask: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + START_MS;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(200);
    }
  }
}

async function untilServing(address: string, hasEnded: () => boolean): Promise<void> {
  await eventually(async () => {
    if (hasEnded()) return;
    const connection = await Connection.connect({ address, connectTimeout: 2_000 });
    try {
      await connection.withDeadline(Date.now() + 2_000, () =>
        connection.healthService.check({ service: 'temporal.api.workflowservice.v1.WorkflowService' }),
      );
    } finally {
      await connection.close();
    }
  });
  if (hasEnded()) throw new Error('The Temporal server ended while it started; its log says why.');
}
