import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import { freePort } from '../../src/dev/free-port.js';
import { startProgram } from '../../src/dev/program.js';
import { SECRET, type TestRoster } from './roster.js';
import { serverProcesses } from './servers.js';
import { shippedArguments } from './shipped.js';

/** A worker as a process of its own, which tells its metrics. */
export interface WorkerProgram {
  readonly metrics: () => Promise<string>;
  stop(): Promise<void>;
}

/** Starts one for a Roster, with the workflows of this bundle. */
export async function startWorkerProgram({ config }: TestRoster, bundle: string): Promise<WorkerProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'roster-worker-'));
  const address = `127.0.0.1:${await freePort()}`;
  const environment = childEnvironment({
    DATABASE_URL: config.databaseUrl ?? '',
    TEMPORAL_ADDRESS: config.temporal.address ?? '',
    TEMPORAL_NAMESPACE: config.temporal.namespace,
    TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    ROSTER_SECRET: SECRET,
    ROSTER_PRIVATE_APPLICATIONS: 'on',
    ROSTER_SHUTDOWN_SECONDS: '3',
    ROSTER_WORKFLOW_BUNDLE: bundle,
    ROSTER_WORKER_METRICS: address,
  });
  const program = await startProgram(
    serverProcesses(),
    'worker',
    environment,
    join(folder, 'worker.log'),
    shippedArguments('worker'),
  );
  return {
    metrics: async () => (await fetch(`http://${address}/metrics`)).text(),
    stop: async () => {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
