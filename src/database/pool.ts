import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { isRetryable, isTooSlow, isUnavailable, UnavailableError } from './errors.js';

/** How a process uses PostgreSQL. Times are milliseconds. */
export interface PoolOptions {
  readonly url: string;
  readonly max: number;
  readonly applicationName: string;
  /** How long a caller waits for a connection before it is refused. */
  readonly connectionTimeout: number;
  /** How long a statement may take, on the server and as seen from here. */
  readonly statementTimeout: number;
  /** Plans each prepared statement once, for any arguments: a plan made for one array costs more than it saves. */
  readonly genericPlans?: boolean;
  readonly onError: (error: Error) => void;
}

/** How requests of Okta use it: an answer is due within 2 s, PostgreSQL or not. */
export const FRONT_DOOR = { connectionTimeout: 600, statementTimeout: 1_100, genericPlans: true } as const;

/** For lists and groups, which can be slow: with connections of their own they take none from the look-ups and writes of others. */
export const LISTS = { connectionTimeout: 600, statementTimeout: 1_500 } as const;

/** The one pool of a process. node-postgres waits for ever and dies of an idle connection's error unless told otherwise. */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    ...(options.genericPlans === true ? { options: '-c plan_cache_mode=force_generic_plan' } : {}),
    connectionTimeoutMillis: options.connectionTimeout,
    statement_timeout: options.statementTimeout,
    query_timeout: options.statementTimeout + 200,
    idle_in_transaction_session_timeout: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on('error', options.onError);
  // The pool listens to idle connections only. One that breaks in use fails its query, and would end the process besides.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A prepared statement: parsed and planned once per connection, since its name stays with its text. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs a statement and gives its rows: on a pool (`on`), or inside a transaction (`within`). */
export type Query = <Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** Statements on whatever connection of a pool is free. */
export const on =
  (pool: pg.Pool): Query =>
  (statement, values) =>
    run(pool, statement, values);

/** Statements inside a transaction; `patience` is how long each may take as seen from here, in milliseconds, if not as usual. */
export const within =
  (client: pg.PoolClient, patience?: number): Query =>
  async <Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]) => {
    const query = { ...statement, values: [...values], ...(patience === undefined ? {} : { query_timeout: patience }) };
    return (await client.query<Row>(query)).rows;
  };

/** How often a statement that met a deadlock is tried in all. */
const TRIES = 5;
/** Those who met wait unequally long, by up to so much more each time. */
const JITTER_MS = 10;

/** Does it again while it meets deadlocks and serialisation failures. Whatever meets no end of them has surely done nothing. */
async function untilUnhindered<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (tries === TRIES) throw new UnavailableError('none', error);
      await delay(Math.random() * JITTER_MS * tries);
    }
  }
}

/**
 * Runs one statement and gives its rows; deadlocks and serialisation failures are tried again (guard 10). Unlike
 * `pool.query`, a statement that PostgreSQL refuses (a uniqueness violation, say) does not cost the connection.
 * @throws pg.DatabaseError where the statement was refused, UnavailableError where PostgreSQL failed.
 */
export const run = <Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> => untilUnhindered(() => runOnce<Row>(pool, statement, values));

async function runOnce<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = await connect(pool);
  let broken = false;
  try {
    const result = await client.query<Row>({ ...statement, values: [...values] });
    return result.rows;
  } catch (error) {
    const isAway = isUnavailable(error);
    broken = isAway && !isTooSlow(error);
    throw isAway ? new UnavailableError('unknown', error) : error;
  } finally {
    client.release(broken);
  }
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws; tried again after a deadlock.
 * @throws what `work` throws, or UnavailableError where PostgreSQL failed.
 */
export const transaction = <Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> =>
  untilUnhindered(() => transactOnce(pool, work));

async function transactOnce<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await connect(pool);
  let broken = false;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = isUnavailable(error);
    if (broken) throw new UnavailableError('unknown', error);
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new UnavailableError('none', error);
  }
}
