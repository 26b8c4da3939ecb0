import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { BenchInstance } from './seed.js';

/**
 * Lets somebody arrive so many times a second, each at a moment of its own, whatever has become of those before (an open
 * model). Resolves when all have arrived. @param arrive is told the moment that was meant, by the clock of `performance`
 */
export async function atRate(
  perSecond: number,
  seconds: number,
  arrive: (n: number, meantAt: number) => Promise<void>,
): Promise<void> {
  const began = performance.now();
  const all = Array.from({ length: Math.round(perSecond * seconds) }, async (_, n) => {
    const meantAt = began + (n * 1_000) / perSecond;
    await delay(meantAt - began);
    await arrive(n, meantAt);
  });
  await Promise.all(all);
}

/** Takes the time until something is so of each of many users. */
export interface Watch {
  /** Watches a user too; the time counts from a moment of the clock of `performance`. */
  add(user: string, from: number): void;
  /** Milliseconds, of those of whom it is so. */
  readonly times: readonly number[];
  /** True where it is so of all. */
  isOver(): boolean;
  /** Looks no more. @throws what a look failed for */
  stop(): Promise<void>;
}

/**
 * Looks every so many milliseconds, for all users in one query by their keys, so that looking costs next to nothing.
 * @param condition of an account's row
 */
export function startWatch(pool: pg.Pool, { slug }: BenchInstance, condition: string, everyMs: number): Watch {
  const waiting = new Map<string, number>();
  const times: number[] = [];
  const text = `select id from accounts where instance_id = $1 and id = any ($2::uuid[]) and ${condition}`;
  const stopping = new AbortController();
  const look = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (waiting.size > 0) {
        const { rows } = await pool.query<{ id: string }>(text, [slug, [...waiting.keys()]]);
        for (const { id } of rows) {
          times.push(performance.now() - (waiting.get(id) ?? 0));
          waiting.delete(id);
        }
      }
      await delay(everyMs);
    }
  };
  const ended = look();
  ended.catch(() => undefined);
  return {
    add: (user, from) => void waiting.set(user, from),
    times,
    isOver: () => waiting.size === 0,
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
