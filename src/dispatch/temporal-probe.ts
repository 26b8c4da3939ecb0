import type { Client } from '@temporalio/client';

/** Says whether Temporal answers now. */
export interface TemporalProbe {
  /** Whoever asks while somebody's question is under way gets its answer. Rejects where there is none within a second. */
  readonly isUp: () => Promise<boolean>;
  /** Resolves when no question is under way: the client's own retry of one throws where its connection has been closed. */
  readonly stop: () => Promise<void>;
}

const DEADLINE_MS = 900;

/** Asks by a call each time: `ensureConnected` only says whether there once was a connection. */
export function temporalProbe(client: Client): TemporalProbe {
  let underWay: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      await client.withDeadline(Date.now() + DEADLINE_MS, () => client.workflowService.getSystemInfo({}));
      return true;
    } finally {
      underWay = undefined;
    }
  };
  return {
    isUp: () => (underWay ??= ask()),
    stop: async () => void (await underWay?.catch(() => false)),
  };
}
