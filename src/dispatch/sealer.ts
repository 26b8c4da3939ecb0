import type pg from 'pg';
import { removeOldEvents } from '../directory/retention.js';
import { seal, unsealedInstances } from '../directory/seals.js';
import type { Log } from '../telemetry/log.js';
import { type Loop, startLoop } from './loop.js';

const EVERY_MS = 1_000;
const REMOVE_EVERY_MS = 3_600_000;

/** Starts the sealer, which gives events and audit rows their places each second (guard 8). Safe to run in many processes. */
export function startSealer({ pool, log }: { readonly pool: pg.Pool; readonly log: Log }): Loop {
  let removedAt = Number.NEGATIVE_INFINITY;
  return startLoop(EVERY_MS, log, 'events could not be sealed; trying again', async () => {
    for (const instance of await unsealedInstances(pool)) {
      // One that can't be sealed keeps no other waiting.
      await seal(pool, instance).catch((error: unknown) => {
        log.warn({ err: error, instance }, 'events of an instance could not be sealed; trying again');
      });
    }
    if (performance.now() - removedAt > REMOVE_EVERY_MS) {
      await removeOldEvents(pool);
      removedAt = performance.now();
    }
  });
}
