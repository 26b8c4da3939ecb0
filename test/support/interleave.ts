import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { TestDatabase } from './database.js';

/** A pool whose statements, by name or else by text, are told: once their answers are there, or before they are asked. */
export const wrapped = (
  pool: pg.Pool,
  answered: (statement: string) => unknown,
  asked: (statement: string) => unknown = () => undefined,
): pg.Pool =>
  Object.assign(Object.create(pool) as pg.Pool, {
    connect: async () => {
      const client = await pool.connect();
      return Object.assign(Object.create(client) as pg.PoolClient, {
        query: async (query: string | { name: string }, values?: unknown[]) => {
          const statement = typeof query === 'string' ? query : query.name;
          await asked(statement);
          const result: unknown = await client.query(query as string, values);
          await answered(statement);
          return result;
        },
        release: (broken?: boolean) => client.release(broken),
      });
    },
  });

/** How long something may take that is about to happen. */
const PATIENCE_MS = 10_000;

/** Waits until a condition holds. @throws Error that says what did not come about. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  patience = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`This did not come about within ${patience} ms: ${what}`);
    await delay(20);
  }
}

/** Waits until this many connections to the database wait for a lock. */
export const untilBlocked = (database: Pick<TestDatabase, 'pool'>, count = 1): Promise<void> =>
  until(`${count} statements wait for a lock`, async () => {
    const { rows } = await database.pool.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows.length >= count;
  });

/**
 * Does `first` in a transaction and, before that is committed, starts `second` on another connection; commits as soon as
 * `second` waits for a lock or has ended. The worst moment for two writers.
 */
export async function overtaken<Result>(
  database: TestDatabase,
  first: (client: pg.PoolClient) => Promise<unknown>,
  second: () => Promise<Result>,
): Promise<Result> {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await first(client);
    let ended = false;
    const running = second().finally(() => {
      ended = true;
    });
    // Its failure is told by the await below.
    running.catch(() => undefined);
    await Promise.race([untilBlocked(database), until('the second one ends', () => ended)]);
    await client.query('commit');
    return await running;
  } finally {
    client.release();
  }
}
