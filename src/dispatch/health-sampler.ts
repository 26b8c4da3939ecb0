import type pg from 'pg';
import { sampleHealth } from '../directory/health.js';
import type { Log } from '../telemetry/log.js';
import { type Loop, startLoop } from './loop.js';

/** Each minute has a sample also where a round is late. */
const EVERY_MS = 20_000;

export interface HealthSamplerOptions {
  readonly pool: pg.Pool;
  readonly log: Log;
}

/** Starts writing down how each instance is, for the console. Safe to run in many processes: a minute has one sample. */
export function startHealthSampler({ pool, log }: HealthSamplerOptions): Loop {
  return startLoop(EVERY_MS, log, 'how the instances are could not be written down; trying again', () =>
    sampleHealth(pool),
  );
}
