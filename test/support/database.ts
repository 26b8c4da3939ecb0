import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/database/migrate.js';
import { until } from './interleave.js';
import { startedPostgres, testPostgres } from './postgres.js';

/** A database of a test file's own, with Roster's schema and nothing in it. */
export interface TestDatabase {
  readonly pool: pg.Pool;
  readonly url: string;
  /** Ends the pool and drops the database. @throws Error where somebody else still uses it. */
  close(): Promise<void>;
}

/** Begins the names of all databases of this run. */
const RUN = `roster_test_${randomBytes(4).toString('hex')}`;
const TEMPLATE = `${RUN}_template`;
let template: Promise<void> | undefined;
let count = 0;

/**
 * Makes a fresh database with Roster's schema, copied from a template that was migrated once. Call it in a `before` and
 * its `close` in the `after`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  template ??= createTemplate();
  await template;
  count += 1;
  const name = `${RUN}_${count}`;
  await administer(`create database ${name} template ${TEMPLATE}`);
  const url = await databaseUrl(name);
  const pool = new pg.Pool({ connectionString: url, max: 20, application_name: 'roster test' });
  // An idle connection's end is no test's fault: some tests stop PostgreSQL on purpose.
  pool.on('error', () => undefined);
  return {
    pool,
    url,
    close: async () => {
      await pool.end();
      const leaked = await openConnections(name);
      await administer(`drop database if exists ${name} with (force)`);
      if (leaked.length > 0) throw new Error(`These connections were left open: ${leaked.join(', ')}`);
    },
  };
}

async function createTemplate(): Promise<void> {
  await administer(`create database ${TEMPLATE}`);
  await migrate(await databaseUrl(TEMPLATE));
}

async function databaseUrl(name: string): Promise<string> {
  const url = new URL(await testPostgres());
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(statement: string, values: string[] = []): Promise<pg.QueryResult<Record<string, string>>> {
  const client = new pg.Client({
    connectionString: await testPostgres(),
    application_name: 'roster test administration',
  });
  await client.connect();
  try {
    return await client.query<Record<string, string>>(statement, values);
  } finally {
    await client.end();
  }
}

/** Connections to databases of this run, each as `database: application`; those just closed get a moment to be gone. */
async function openConnections(name: string): Promise<string[]> {
  let open: string[] = [];
  const areGone = async (): Promise<boolean> => {
    const { rows } = await administer(
      `select datname || ': ' || coalesce(nullif(application_name, ''), 'unnamed') as open from pg_stat_activity
       where datname like $1 and backend_type = 'client backend'`,
      [name.replaceAll('_', '\\_')],
    );
    open = rows.map((row) => row.open ?? '');
    return open.length === 0;
  };
  await until('no connection is open', areGone, 2_000).catch(() => undefined);
  return open;
}

/**
 * Drops what is left of this run's databases.
 * @returns the connections that tests have left open.
 */
export async function closeDatabases(): Promise<string[]> {
  if (startedPostgres() === undefined) return [];
  const leaked = await openConnections(`${RUN}%`);
  const { rows } = await administer('select datname as name from pg_database where datname like $1', [
    `${RUN}%`.replaceAll('_', '\\_'),
  ]);
  for (const { name } of rows) await administer(`drop database if exists ${name} with (force)`);
  return leaked;
}
