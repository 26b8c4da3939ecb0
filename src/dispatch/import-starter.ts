import { type Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import type pg from 'pg';
import type { importBatch } from '../../workflows/index.js';
import { searchAttributes } from '../../workflows/search-attributes.js';
import { type DueImport, dropLeftImports, forgetImports, takeImports } from '../directory/imports.js';
import type { Log } from '../telemetry/log.js';
import { type Loop, startLoop } from './loop.js';

const EVERY_MS = 1_000;
const FORGOTTEN_AT_ONCE = 1_000;
const CALL_DEADLINE_MS = 5_000;
/** Live runs come first. */
const LAST = 5;

const importWorkflowId = (id: string): string => `import/${id}`;

/**
 * Starts the loop that starts and wakes the run of each import that is due, takes back those whose file broke off with its server, and forgets
 * the rows of those that ended long ago. One that
 * has no run any more is due again within 30 s (guard 6). Safe to run in many processes.
 */
export function startImportStarter({
  pool,
  client,
  taskQueue,
  log,
}: {
  readonly pool: pg.Pool;
  readonly client: Client;
  readonly taskQueue: string;
  readonly log: Log;
}): Loop {
  return startLoop(EVERY_MS, log, 'an import could not be started; trying again', async () => {
    for (const key of await takeImports(pool)) {
      // One that can't be started keeps no other waiting.
      await send(client, taskQueue, key).catch((error: unknown) => {
        log.warn({ err: error, instance: key.instance }, 'an import could not be started; trying again');
      });
    }
    await dropLeftImports(pool);
    await forgetImports(pool, FORGOTTEN_AT_ONCE);
  });
}

async function send(client: Client, taskQueue: string, { instance, id, dryRun }: DueImport): Promise<void> {
  const noArguments: [] = [];
  await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    client.workflow.signalWithStart<typeof importBatch>('importBatch', {
      taskQueue,
      workflowId: importWorkflowId(id),
      args: [{ instance, id, dryRun }],
      signal: 'changed',
      signalArgs: noArguments,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      priority: { priorityKey: LAST, fairnessKey: instance },
      staticSummary: dryRun ? 'Rehearse the import of a file' : 'Import a file',
      typedSearchAttributes: [
        { key: searchAttributes.instance, value: instance },
        { key: searchAttributes.source, value: 'import' },
        { key: searchAttributes.batch, value: id },
      ],
    }),
  );
}
