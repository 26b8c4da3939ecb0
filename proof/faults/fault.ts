import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/demo/random.js';
import type { World } from '../world.js';

/** What is done to the cluster for a while; when it resolves all is well again, or is going to be by itself. */
export type Fault = (world: World, random: Random) => Promise<void>;

/** Some while between so many seconds and so many. */
export const seconds = (from: number, to: number, random: Random): Promise<void> =>
  delay(1_000 * (from + random.next() * (to - from)));

export const SERVERS = ['server 1', 'server 2'] as const;
export const WORKERS = ['worker 1', 'worker 2'] as const;

/** What is being locked may be held, and PostgreSQL be on its way up. */
export async function persist(query: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await query();
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await delay(200);
    }
  }
}
