import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { readConfig, required } from '../src/config.js';
import type { NoopActivities } from './noop-workflow.js';

/** The worker of `noop-workflow.ts`, with the settings of Roster's and a task queue of its own. */
const { temporal } = readConfig();
const activities: NoopActivities = { noop: async () => undefined };
const connection = await NativeConnection.connect({ address: required(temporal.address, 'TEMPORAL_ADDRESS') });
const worker = await Worker.create({
  connection,
  namespace: temporal.namespace,
  taskQueue: temporal.taskQueue,
  activities,
  workflowsPath: fileURLToPath(
    new URL(`./noop-workflow.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
  ),
  maxConcurrentLocalActivityExecutions: 100,
});
process.send?.({});
await worker.run();
process.exit(0);
