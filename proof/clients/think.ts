import { setTimeout as delay } from 'node:timers/promises';
import type { ClientOf } from '../world.js';

/** A client's time to think: up to so many milliseconds, longer where the world is calm; cut short when it is to end. */
export async function think({ world, random }: ClientOf, mostMs: number): Promise<void> {
  const ms = random.below(mostMs * world.calm);
  await delay(ms, undefined, { signal: world.signal }).catch(() => undefined);
}
