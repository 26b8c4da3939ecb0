import type pg from 'pg';
import { insertRefusal, type Refusal } from '../directory/audit.js';
import type { Log } from '../telemetry/log.js';

/** Keeps in the audit log that a change was refused, with the status of the answer. It never throws. */
export type KeepRefusal = (refusal: Refusal, status: number) => Promise<void>;

/** Not refused but put off, not asked in a way that says what was wanted, or wanted of nobody. */
const NO_REFUSALS: readonly number[] = [401, 404, 405, 408, 429, 431];

/** Keeps what is a refusal by its status. */
export const refusalKeeper =
  (pool: pg.Pool, log: Log): KeepRefusal =>
  async (refusal, status) => {
    if (status >= 500 || NO_REFUSALS.includes(status)) return;
    await insertRefusal(pool, refusal).catch((error: unknown) =>
      log.warn({ err: error, requestId: refusal.by.requestId }, 'a refusal was not audited'),
    );
  };
