import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Something that runs as a process of its own. */
export interface Running {
  readonly process: ChildProcess;
  /** Ends it within seconds. */
  stop(): Promise<void>;
}

/** How long to wait before it is started again: this, doubled each time it ends at once, up to the second figure. */
const BACK_OFF_MS = [250, 4_000] as const;
/** What has lived so long was well; its next end is a new misfortune. */
const WELL_MS = 30_000;

/**
 * Starts something and starts it again whenever it ends by itself.
 * @param again is told of each such end, and of each start that failed.
 * @returns what was started first, and what ends it for good.
 * @throws what the first `start` throws.
 */
export async function keepRunning<Started extends Running>(
  start: () => Promise<Started>,
  again: (what: string) => void,
): Promise<{ first: Started; stop: () => Promise<void> }> {
  const stopping = new AbortController();
  const first = await start();

  const watch = async (): Promise<void> => {
    let current: Started | undefined = first;
    let wait: number = BACK_OFF_MS[0];
    let since = Date.now();
    while (!stopping.signal.aborted) {
      if (current !== undefined) {
        await exited(current.process, stopping.signal);
        if (stopping.signal.aborted) break;
        again(`ended (${current.process.signalCode ?? current.process.exitCode}); starting it again`);
        if (Date.now() - since > WELL_MS) wait = BACK_OFF_MS[0];
      }
      await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      wait = Math.min(BACK_OFF_MS[1], wait * 2);
      if (stopping.signal.aborted) return;
      since = Date.now();
      current = await start().catch((error: unknown) => {
        again(`could not be started: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      });
    }
    await current?.stop();
  };

  const watching = watch();
  return {
    first,
    stop: () => {
      stopping.abort();
      return watching;
    },
  };
}

async function exited(child: ChildProcess, signal: AbortSignal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await once(child, 'exit', { signal }).catch(() => undefined);
}
