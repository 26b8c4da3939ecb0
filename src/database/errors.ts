import pg from 'pg';

/**
 * PostgreSQL did not answer as it should: away, restarting, full or too slow. `outcome` says whether the statement can
 * have taken effect: `none` if it was never sent, `unknown` if the connection broke while it was under way.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly code = 'database_unavailable';
  readonly outcome: 'none' | 'unknown';

  constructor(outcome: 'none' | 'unknown', cause: unknown) {
    super('PostgreSQL is not available.', { cause });
    this.outcome = outcome;
  }
}

/** SQLSTATE classes and codes that say: not now (connection, resources, shutting down, starting up, cancelled). */
const NOT_NOW = /^(?:08...|53...|57P0[1-5]|57014|55P03|25006)$/;
const TRY_AGAIN = new Set(['40P01', '40001']);

/** True for a deadlock or a serialisation failure: the same statement may well succeed now. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code !== undefined && TRY_AGAIN.has(error.code);

/** What the driver and Node say when a connection fails: errors without a class of their own. */
const CONNECTION_ERRORS = new Set(['Error', 'AggregateError']);

/**
 * True where the connection or the server failed, as against a statement that PostgreSQL understood and refused, and
 * against what our own code threw.
 */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof pg.DatabaseError
    ? error.code === undefined || NOT_NOW.test(error.code)
    : error instanceof Error && CONNECTION_ERRORS.has(error.name);

/** True for a statement that PostgreSQL ended because it took too long; its connection is as good as before. */
export const isTooSlow = (error: unknown): boolean =>
  error instanceof UnavailableError
    ? isTooSlow(error.cause)
    : error instanceof pg.DatabaseError && error.code === '57014';

/** The name of the unique, foreign key or check constraint that a statement ran against, where it is that. */
export const violatedConstraint = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError && error.code?.startsWith('23') ? error.constraint : undefined;
