import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/demo/random.js';
import type { World } from '../world.js';

/**
 * What is done to the cluster for a while; when it resolves all is well again, or is going to be by itself. False where the moment that it
 * waits for did not come, so that nothing was done.
 */
export type Fault = (world: World, random: Random) => Promise<boolean | void>;

/** Waits for some while between so many seconds and so many. */
export const seconds = (from: number, to: number, random: Random): Promise<void> =>
  delay(1_000 * (from + random.next() * (to - from)));

export const SERVERS = ['server 1', 'server 2'] as const;
export const WORKERS = ['worker 1', 'worker 2'] as const;

/** Asks until it is done, for ten seconds: what is to be locked may be held, and PostgreSQL be on its way up. @throws what the last try threw */
export async function persist<Result>(query: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await query();
    } catch (error) {
      if (tries === 50) throw error;
      await delay(200);
    }
  }
}
