import { randomBytes } from 'node:crypto';
import { type Client, WorkflowIdConflictPolicy } from '@temporalio/client';
import { lazyTemporalClient } from '../../src/dispatch/temporal-client.js';
import type { threeNoops } from '../noop-workflow.js';
import type { Stage } from './stage.js';

const NOOP_QUEUE = 'noop';
const IN_FLIGHT = 20;

/** Starts the worker of the workflow of three no-op local activities. @returns a client of its server, to be closed */
export async function startNoops(stage: Stage): Promise<Client> {
  const { address, namespace } = await stage.temporal();
  await stage.program('bench/noop-worker', {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_TASK_QUEUE: NOOP_QUEUE,
  });
  return lazyTemporalClient({ address, namespace });
}

/** Starts so many workflows, as the dispatcher starts its own, and awaits each. */
export async function runNoops(client: Client, count: number): Promise<void> {
  const round = randomBytes(6).toString('hex');
  const waiting = Array.from({ length: count }, (_, n) => n).values();
  const lane = async (): Promise<void> => {
    for (const n of waiting) {
      const handle = await client.workflow.signalWithStart<typeof threeNoops>('threeNoops', {
        workflowId: `noop/${round}/${n}`,
        taskQueue: NOOP_QUEUE,
        signal: 'wake',
        signalArgs: [],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      });
      await handle.result();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}
