import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { readConfig, required } from '../../src/config.js';
import { migrate } from '../../src/database/migrate.js';
import { until } from './interleave.js';

/** A database of a test file's own, with Roster's schema and nothing in it. */
export interface TestDatabase {
  readonly pool: pg.Pool;
  readonly url: string;
  /** Ends the pool and drops the database. @throws Error where somebody else still uses it. */
  close(): Promise<void>;
}

/** Begins the names of all databases of this run, in whichever process; those of this one go on with its id. */
const RUN = process.env.ROSTER_TEST_RUN ?? `roster_test_${randomBytes(4).toString('hex')}`;
const TEMPLATE = `${RUN}_template`;
const OWN = `${RUN}_${process.pid}_`;
let count = 0;

/**
 * Makes a fresh database with Roster's schema, copied from the template. Call it in a `before` and
 * its `close` in the `after`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  count += 1;
  const name = `${OWN}${count}`;
  await administer(`create database ${name} template ${TEMPLATE}`);
  const url = databaseUrl(name);
  const pool = new pg.Pool({ connectionString: url, max: 20, application_name: 'roster test' });
  // An idle connection's end is no test's fault: some tests stop PostgreSQL on purpose.
  pool.on('error', () => undefined);
  return {
    pool,
    url,
    close: async () => {
      await pool.end();
      const leaked = await openConnections(exactly(name));
      await administer(`drop database if exists ${name} with (force)`);
      if (leaked.length > 0) throw new Error(`These connections were left open: ${leaked.join(', ')}`);
    },
  };
}

/** Makes the template that all processes of this run copy, and tells them its name in the environment. */
export async function createTemplate(): Promise<void> {
  process.env.ROSTER_TEST_RUN = RUN;
  await administer(`create database ${TEMPLATE}`);
  await migrate(databaseUrl(TEMPLATE));
}

function databaseUrl(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/** Of a database in which others may be made. */
const serverUrl = (): string => required(readConfig().databaseUrl, 'DATABASE_URL');

async function administer(statement: string, values: string[] = []): Promise<pg.QueryResult<Record<string, string>>> {
  const client = new pg.Client({
    connectionString: serverUrl(),
    application_name: 'roster test administration',
  });
  await client.connect();
  try {
    return await client.query<Record<string, string>>(statement, values);
  } finally {
    await client.end();
  }
}

/** Connections to databases of this process, or to those of a LIKE pattern, each as `database: application`; those just closed get a moment to be gone. */
export async function openConnections(databases = `${exactly(OWN)}%`): Promise<string[]> {
  let open: string[] = [];
  const areGone = async (): Promise<boolean> => {
    const { rows } = await administer(
      `select datname || ': ' || coalesce(nullif(application_name, ''), 'unnamed') as open from pg_stat_activity
       where datname like $1 and backend_type = 'client backend'`,
      [databases],
    );
    open = rows.map((row) => row.open ?? '');
    return open.length === 0;
  };
  await until('no connection is open', areGone, 2_000).catch(() => undefined);
  return open;
}

/** Drops what is left of this run's databases, of whichever process. */
export async function dropDatabases(): Promise<void> {
  const { rows } = await administer('select datname as name from pg_database where datname like $1', [
    `${exactly(RUN)}%`,
  ]);
  for (const { name } of rows) await administer(`drop database if exists ${name} with (force)`);
}

const exactly = (name: string): string => name.replaceAll('_', '\\_');
