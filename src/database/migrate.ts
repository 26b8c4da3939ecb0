import { setTimeout as delay } from 'node:timers/promises';
import knex from 'knex';
import pg from 'pg';
import { migrations } from './migrations/index.js';
import { run } from './pool.js';

/** The schema is not one that this program can work with; the message says what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

const open = (databaseUrl: string) =>
  knex({
    client: 'pg',
    connection: { connectionString: databaseUrl, connectionTimeoutMillis: 5_000, application_name: 'roster migrate' },
    pool: { min: 0, max: 1 },
    // What fails is thrown; it need not be said twice.
    log: { warn: () => undefined, error: () => undefined },
    migrations: {
      tableName: 'schema_migrations',
      // Names carry no file extension, so that the schema is the same one from source (.ts) and from a build (.js).
      migrationSource: {
        getMigrations: () => Promise.resolve(Object.keys(migrations).toSorted()),
        getMigrationName: (name: string) => name,
        getMigration: (name: string) => {
          const migration = migrations[name];
          if (migration === undefined) throw new SchemaError(`There is no migration ${name} in this program.`);
          return Promise.resolve(migration);
        },
      },
    },
  });

/** Whoever waits for a table's lock lets nobody else at the table meanwhile: no longer than a request may wait itself. */
const LOCK_TIMEOUT = '500ms';
const LOCK_TRIES = 60;
const LOCK_NOT_AVAILABLE = '55P03';
/** Any number that nobody else locks by. */
const MIGRATION_LOCK = 7_246_531_998;

/**
 * Brings the database up to this program's schema while others work on it; of two at once one waits for the other. A table that
 * is in use is asked for again and again, each time for a moment, so that nobody is kept waiting behind.
 * @param report is told each migration as it is applied, and what is waited for.
 * @throws SchemaError where the schema is newer than this program, or the driver's error.
 */
export async function migrate(databaseUrl: string, report: (line: string) => void = () => undefined): Promise<void> {
  const database = open(databaseUrl);
  try {
    // One connection for all of it: it holds the lock, which ends with it, however it ends.
    await database.raw('select pg_advisory_lock(?)', [MIGRATION_LOCK]);
    await refuseNewerSchema(database);
    const before = await appliedMigrations(database);
    await database.raw(`set lock_timeout = '${LOCK_TIMEOUT}'`);
    await applyAll(database, report);
    const applied = (await appliedMigrations(database)).filter((name) => !before.includes(name));
    for (const name of applied) report(`applied ${name}`);
  } finally {
    await database.destroy();
  }
}

async function applyAll(database: knex.Knex, report: (line: string) => void): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await database.migrate.latest();
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== LOCK_NOT_AVAILABLE || tries === LOCK_TRIES)
        throw error;
      if (tries === 1) report('a table is in use; asking for it again until it is free');
      await delay(1_000 * Math.random());
    }
  }
}

/** The migrations that this program knows and the database lacks, and the other way round. */
export async function schemaState(databaseUrl: string): Promise<{ missing: string[]; unknown: string[] }> {
  const database = open(databaseUrl);
  try {
    const applied = await appliedMigrations(database);
    const known = Object.keys(migrations);
    return {
      missing: known.filter((name) => !applied.includes(name)),
      unknown: applied.filter((name) => !known.includes(name)),
    };
  } finally {
    await database.destroy();
  }
}

const UNDEFINED_TABLE = '42P01';

/**
 * Lets a server or worker start only on a schema that has all it needs; one that has more is a newer program's, beside
 * which this one still runs while it is being replaced.
 * @throws SchemaError where migrations are missing, UnavailableError
 */
export async function requireSchema(pool: pg.Pool): Promise<void> {
  const rows = await run<{ name: string }>(
    pool,
    { name: 'schema', text: 'select name from schema_migrations' },
    [],
  ).catch((error: unknown) => {
    if (error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE) return [];
    throw error;
  });
  const applied = new Set(rows.map(({ name }) => name));
  const missing = Object.keys(migrations).filter((name) => !applied.has(name));
  if (missing.length > 0) {
    throw new SchemaError(
      `The database lacks ${missing.length} migrations of this program. Run "roster migrate" first.`,
    );
  }
}

async function appliedMigrations(database: knex.Knex): Promise<string[]> {
  if (!(await database.schema.hasTable('schema_migrations'))) return [];
  const rows = await database<{ name: string }>('schema_migrations').select('name');
  return rows.map((row) => row.name);
}

async function refuseNewerSchema(database: knex.Knex): Promise<void> {
  const unknown = (await appliedMigrations(database)).filter((name) => !(name in migrations));
  if (unknown.length > 0) {
    throw new SchemaError(
      `The database has migrations this program does not know (${unknown.join(', ')}). Run a newer Roster.`,
    );
  }
}
