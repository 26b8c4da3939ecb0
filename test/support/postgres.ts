import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReachable, startPostgres } from '../../src/dev/embedded-postgres.js';
import { REACHABLE_FOLDER } from '../../src/dev/postgres-binaries.js';
import { config, report, serverProcesses } from './servers.js';

let server: Promise<string> | undefined;
let folder: string | undefined;

/**
 * URL of the one PostgreSQL of this run, as a user who may create databases: DATABASE_URL, or one of our own that is
 * started when it is first asked for.
 */
export function testPostgres(): Promise<string> {
  server ??= config.databaseUrl === undefined ? startOwn() : Promise.resolve(config.databaseUrl);
  return server;
}

/** The same, if any test has asked for it. */
export const startedPostgres = (): Promise<string> | undefined => server;

async function startOwn(): Promise<string> {
  folder = await mkdtemp(join(isReachable(tmpdir()) ? tmpdir() : REACHABLE_FOLDER, 'roster-test-'));
  await chmod(folder, 0o755);
  const { url } = await startPostgres({
    processes: serverProcesses(),
    dataFolder: join(folder, 'postgres'),
    password: randomBytes(12).toString('hex'),
    database: 'postgres',
    durable: false,
    report: (line) => (line.startsWith('making') ? undefined : report(line)),
  });
  return url;
}

/** Takes away the data of our own server, which has ended. */
export async function removePostgresData(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
