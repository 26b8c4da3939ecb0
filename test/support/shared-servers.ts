import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReachable, startPostgres } from '../../src/dev/embedded-postgres.js';
import { REACHABLE_FOLDER } from '../../src/dev/postgres-binaries.js';
import { findTemporal } from '../../src/dev/temporal-binary.js';
import { startTemporal } from '../../src/dev/temporal-server.js';
import { createTemplate, dropDatabases } from './database.js';
import { closeServerProcesses, config as readSettings, report, serverProcesses } from './servers.js';

/** As they are given, before this adds to them. */
const config = readSettings();

/**
 * Starts what all test files share, and tells their processes of it in the environment: PostgreSQL with a migrated database to copy, a
 * Temporal dev server with Roster's search attributes, and a folder. DATABASE_URL and TEMPORAL_ADDRESS, where given, are used instead.
 * @returns what stops it all, and leaves nothing behind.
 */
export async function startSharedServers(): Promise<() => Promise<void>> {
  // Where PostgreSQL, which does not run as root, reaches its data.
  const folder = await mkdtemp(join(isReachable(tmpdir()) ? tmpdir() : REACHABLE_FOLDER, 'roster-test-'));
  await chmod(folder, 0o755);
  const stop = async (): Promise<void> => {
    if (config.databaseUrl !== undefined) await dropDatabases();
    await closeServerProcesses();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const shared = { ...(await startDatabase(folder)), ...(await startTemporalServer()), ROSTER_TEST_FOLDER: folder };
    Object.assign(process.env, shared);
    await createTemplate();
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function startDatabase(folder: string): Promise<Record<string, string>> {
  if (config.databaseUrl !== undefined) return {};
  const { url } = await startPostgres({
    processes: serverProcesses(),
    dataFolder: join(folder, 'postgres'),
    password: randomBytes(12).toString('hex'),
    database: 'postgres',
    durable: false,
    report: (line) => (line.startsWith('making') ? undefined : report(line)),
  });
  return { DATABASE_URL: url };
}

/** Gets the Temporal CLI too, downloaded or built where there is none yet, which can take minutes. */
async function startTemporalServer(): Promise<Record<string, string>> {
  if (config.temporal.address !== undefined) return {};
  const binary = await findTemporal({ cliPath: config.temporal.cliPath, path: config.path, report });
  const { address, uiUrl } = await startTemporal({
    processes: serverProcesses(),
    binary,
    namespace: config.temporal.namespace,
    port: 0,
    uiPort: 0,
    databaseFile: undefined,
    report,
  });
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_CLI: binary,
    ...(uiUrl === undefined ? {} : { TEMPORAL_UI_URL: uiUrl }),
  };
}
