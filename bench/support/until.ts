import { setTimeout as delay } from 'node:timers/promises';

/** Waits until something is so, looking every so many milliseconds. @throws Error after two minutes */
export async function until(what: string, isSo: () => Promise<boolean>, everyMs: number): Promise<void> {
  const end = Date.now() + 120_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Waited two minutes for this: ${what}.`);
    await delay(everyMs);
  }
}

/** The milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
