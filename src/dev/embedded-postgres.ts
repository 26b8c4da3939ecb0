import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import type { ChildProcesses } from './child-processes.js';
import { freePort } from './free-port.js';
import {
  canReach,
  EmbeddedPostgresError,
  type PostgresUser,
  postgresBinaries,
  postgresUser,
} from './postgres-binaries.js';
import { commandLine, waitForEnd } from './process-list.js';

const MAX_CONNECTIONS = 300;
const START_MILLISECONDS = 30_000;
/** Survives a crash of this process and of PostgreSQL, not of the machine. */
const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

export interface PostgresOptions {
  readonly processes: ChildProcesses;
  /** Holds the cluster; made where it is missing. The user of PostgreSQL must be able to reach it (`reachableFolder`). */
  readonly dataFolder: string;
  readonly password: string;
  /** Database that the URL names, made where it is missing. */
  readonly database: string;
  /** False is quicker, and loses data when the machine crashes. */
  readonly durable: boolean;
  /** Another than any free one, where it had one before. */
  readonly port?: number;
  readonly report: (line: string) => void;
}

/** A running PostgreSQL of our own, on 127.0.0.1 and a free port. */
export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Ends it within seconds, whoever is connected. */
  stop(): Promise<void>;
}

/** True where PostgreSQL, as whom we run it, could work in a folder made inside `folder`. */
export const isReachable = (folder: string): boolean => canReach(postgresUser(), folder);

/**
 * Starts PostgreSQL on the cluster in `dataFolder`, which is made first where it is missing. One that an earlier,
 * crashed run left running on it is stopped before.
 * @throws EmbeddedPostgresError where it cannot run here or does not come up, with PostgreSQL's own words.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const user = postgresUser();
  const binaries = await postgresBinaries(user, options.report);
  await endLeftover(options.dataFolder, options.report);
  if (!existsSync(join(options.dataFolder, 'PG_VERSION'))) await makeCluster(binaries, user, options);

  const port = options.port ?? (await freePort());
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `max_connections=${MAX_CONNECTIONS}`,
    'max_wal_size=1GB',
    'log_checkpoints=off',
    // The detail of a duplicate is somebody's userName.
    'log_error_verbosity=terse',
    ...(options.durable ? [] : NOT_DURABLE),
  ];
  const child = await options.processes.start(
    join(binaries, 'bin', 'postgres'),
    ['-D', options.dataFolder, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    'SIGINT',
    { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], ...asUser(user) },
  );
  const lastWords = keepLog(child, `${options.dataFolder}.log`);
  const url = (database: string) => `postgresql://postgres:${options.password}@127.0.0.1:${port}/${database}`;
  await untilReady(child, url('postgres'), lastWords);
  await makeDatabase(url('postgres'), options.database);
  return { url: url(options.database), port, process: child, stop: () => options.processes.stop(child, 5_000) };
}

const asUser = (user: PostgresUser | undefined) => (user === undefined ? {} : { uid: user.uid, gid: user.gid });

async function makeCluster(binaries: string, user: PostgresUser | undefined, options: PostgresOptions): Promise<void> {
  options.report('making a PostgreSQL database cluster');
  await rm(options.dataFolder, { recursive: true, force: true });
  await mkdir(options.dataFolder, { recursive: true, mode: 0o700 });
  if (!canReach(user, dirname(options.dataFolder))) {
    throw new EmbeddedPostgresError(
      `PostgreSQL runs as ${user?.name}, who cannot enter ${dirname(options.dataFolder)}. Set ROSTER_HOME to a folder that others can enter, or set DATABASE_URL.`,
    );
  }
  const passwordFile = join(tmpdir(), `roster-password-${randomBytes(6).toString('hex')}`);
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600, flag: 'wx' });
  if (user !== undefined) {
    await chown(options.dataFolder, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    // The built-in locale sorts and folds alike on every machine.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const child = spawn(
      join(binaries, 'bin', 'initdb'),
      [
        `--pgdata=${options.dataFolder}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        ...locale,
      ].concat(options.durable ? [] : ['--no-sync']),
      { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], ...asUser(user) },
    );
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0)
      throw new EmbeddedPostgresError(`PostgreSQL's initdb failed in ${options.dataFolder}: ${words.trim()}`);
  } catch (error) {
    await rm(options.dataFolder, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Writes what PostgreSQL says into a file beside its data. @returns a function that gives the last lines of it. */
function keepLog(child: ChildProcess, file: string): () => string {
  const log = createWriteStream(file, { mode: 0o600 });
  log.on('error', () => undefined);
  let last = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    last = (last + chunk.toString()).slice(-2_000);
    log.write(chunk);
  });
  child.stderr?.on('close', () => log.end());
  return () => last.trim();
}

async function untilReady(child: ChildProcess, url: string, lastWords: () => string): Promise<void> {
  const end = Date.now() + START_MILLISECONDS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new EmbeddedPostgresError(
        `PostgreSQL did not start: ${lastWords() || `it ended with ${child.exitCode ?? child.signalCode}`}`,
      );
    }
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 2_000,
      application_name: 'roster start',
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch (error) {
      if (Date.now() > end)
        throw new EmbeddedPostgresError(`PostgreSQL does not answer: ${lastWords()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function makeDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'roster start' });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** A server whose keeper was killed without mercy may still run on the data, or have left its mark there. */
async function endLeftover(dataFolder: string, report: (line: string) => void): Promise<void> {
  const mark = join(dataFolder, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(mark, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  if (!(await commandLine(pid))?.includes(dataFolder)) {
    await rm(mark, { force: true });
    return;
  }
  report('stopping a PostgreSQL that an earlier run left behind');
  process.kill(pid, 'SIGINT');
  if (await waitForEnd(pid, 5_000)) return;
  process.kill(pid, 'SIGQUIT');
  if (!(await waitForEnd(pid, 5_000))) {
    throw new EmbeddedPostgresError(
      `PostgreSQL (process ${pid}) still runs on ${dataFolder} and does not stop. End it, then start again.`,
    );
  }
}

/**
 * Where data of this home can lie so that PostgreSQL reaches it: `home` itself, or, where root keeps it in a folder
 * closed to others, a folder of its own for it under `elsewhere`.
 */
export async function reachableFolder(home: string, elsewhere: string): Promise<string> {
  await mkdir(home, { recursive: true });
  if (isReachable(home)) return home;
  await mkdir(elsewhere, { recursive: true, mode: 0o755 });
  await chmod(elsewhere, 0o755);
  return elsewhere;
}
