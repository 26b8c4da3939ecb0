import type pg from 'pg';
import { PATROL_START, patrolAccounts, sweepKicks } from '../directory/overdue.js';
import type { Log } from '../telemetry/log.js';
import { type Loop, startLoop } from './loop.js';

/** How long after its due date somebody counts as forgotten. */
const OVERDUE_SECONDS = 30;
const EVERY_MS = 10_000;
const AT_ONCE = 1_000;
/** How many accounts each round looks at besides, one by one. */
const PATROLLED = 20_000;

export interface SweeperOptions {
  readonly pool: pg.Pool;
  readonly log: Log;
  /** Called after kicks were written. */
  readonly onSwept: () => void;
  readonly overdueSeconds?: number;
  readonly everyMs?: number;
}

/**
 * Starts the sweeper: it kicks whoever is overdue, so that nothing is lost with a terminated run, a dead dispatcher or the
 * whole of Temporal's store (guard 6). Safe to run in many processes.
 */
export function startSweeper(options: SweeperOptions): Loop {
  const { pool, log, onSwept, overdueSeconds = OVERDUE_SECONDS, everyMs = EVERY_MS } = options;
  let place = PATROL_START;
  return startLoop(everyMs, log, 'the sweep failed; trying again', async () => {
    const overdue = await sweepKicks(pool, overdueSeconds, AT_ONCE);
    const patrol = await patrolAccounts(pool, place, overdueSeconds, PATROLLED);
    place = patrol.place;
    const kicked = overdue + patrol.kicked;
    if (kicked > 0) {
      log.info({ kicked }, 'kicked who was overdue');
      onSwept();
    }
  });
}
