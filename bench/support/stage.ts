import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readConfig } from '../../src/config.js';
import { migrate } from '../../src/database/migrate.js';
import { createPool } from '../../src/database/pool.js';
import { createChildProcesses } from '../../src/dev/child-processes.js';
import { startPostgres } from '../../src/dev/embedded-postgres.js';
import { REACHABLE_FOLDER } from '../../src/dev/postgres-binaries.js';
import { findTemporal } from '../../src/dev/temporal-binary.js';
import { startTemporal } from '../../src/dev/temporal-server.js';
import { registerSearchAttributes } from '../../src/dispatch/register-search-attributes.js';
import type { TemporalTarget } from '../../src/dispatch/temporal-client.js';
import { type Program, startProgram } from './programs.js';

/** The servers of one bench: a PostgreSQL and, where asked for, a Temporal, started as `roster dev` starts them. */
export interface Stage {
  readonly postgresUrl: string;
  readonly report: (line: string) => void;
  /** Makes a database, with Roster's schema where wanted. */
  database(name: string, withSchema: boolean): Promise<{ url: string; pool: pg.Pool }>;
  /** The Temporal server, started when first asked for. */
  temporal(): Promise<TemporalTarget>;
  /** Starts one of our files as a process of its own. */
  program(file: string, settings: Readonly<Record<string, string>>): Promise<Program>;
  close(): Promise<void>;
}

/** Key of the token digests of every Roster here. */
export const SECRET = randomBytes(32).toString('hex');

/** Bench pools are for setting up and looking: few connections, and patient ones. */
const openPool = (url: string): pg.Pool =>
  createPool({
    url,
    max: 4,
    applicationName: 'roster bench',
    connectionTimeout: 10_000,
    statementTimeout: 120_000,
    onError: () => undefined,
  });

/**
 * Starts PostgreSQL with the durable settings of `roster dev` (fsync on) in a folder that is on a disk; DATABASE_URL and
 * TEMPORAL_ADDRESS name servers to measure against instead.
 */
export async function openStage(report: (line: string) => void): Promise<Stage> {
  const config = readConfig();
  const processes = createChildProcesses();
  // Not the folder of temporary files, which on some machines is in memory: a commit would then cost nothing.
  const parent = process.platform === 'linux' ? REACHABLE_FOLDER : tmpdir();
  const folder = await mkdtemp(join(parent, 'roster-bench-'));
  await chmod(folder, 0o755);
  const pools: pg.Pool[] = [];
  let temporal: Promise<TemporalTarget> | undefined;

  const close = async (): Promise<void> => {
    await Promise.all(pools.map((pool) => pool.end()));
    await processes.close();
    await rm(folder, { recursive: true, force: true });
  };
  const startPostgresHere = async (): Promise<string> => {
    report('starting PostgreSQL');
    const password = randomBytes(12).toString('hex');
    const dataFolder = join(folder, 'postgres');
    return (await startPostgres({ processes, dataFolder, password, database: 'postgres', durable: true, report })).url;
  };
  const startTemporalHere = async (): Promise<TemporalTarget> => {
    const { address, namespace, cliPath } = config.temporal;
    if (address !== undefined) {
      await registerSearchAttributes({ address, namespace });
      return { address, namespace };
    }
    const binary = await findTemporal({ cliPath, path: config.path, report });
    report('starting Temporal');
    const databaseFile = join(folder, 'temporal.db');
    return startTemporal({ processes, binary, namespace, port: 0, uiPort: undefined, databaseFile, report });
  };

  try {
    const postgresUrl = config.databaseUrl ?? (await startPostgresHere());
    return {
      postgresUrl,
      report,
      database: async (name, withSchema) => {
        const url = new URL(postgresUrl);
        url.pathname = `/${name}`;
        const client = new pg.Client({ connectionString: postgresUrl });
        await client.connect();
        await client.query(`drop database if exists ${name} with (force)`);
        await client.query(`create database ${name}`);
        await client.end();
        if (withSchema) await migrate(url.href);
        const pool = openPool(url.href);
        pools.push(pool);
        return { url: url.href, pool };
      },
      temporal: () => (temporal ??= startTemporalHere()),
      program: (file, settings) =>
        startProgram(processes, file, settings, join(folder, `${file.replaceAll('/', '-')}.log`)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
