import type { Log } from '../telemetry/log.js';
import { waitUntil } from './wait.js';

/** Work that goes on until it is stopped. */
export interface Loop {
  /** Resolves when the round under way is done. */
  readonly stop: () => Promise<void>;
}

/** Does a round, waits, and so on until it is stopped; a round that fails is said in the log (`failed`), and tried again as any other. */
export function startLoop(everyMs: number, log: Log, failed: string, round: () => Promise<void>): Loop {
  const stopping = new AbortController();
  const goOn = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round().catch((error: unknown) => log.warn({ err: error }, failed));
      await waitUntil(everyMs, stopping.signal);
    }
  };
  const ended = goOn();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
