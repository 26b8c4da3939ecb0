import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestRoster } from './roster.js';

/** Where recorded histories are kept, by the version of Roster that ran them. */
export const HISTORIES = join(import.meta.dirname, '..', 'replay');

/** A Temporal client for a test; `close` it. */
export async function temporalClient(roster: TestRoster): Promise<{ client: Client; close: () => Promise<void> }> {
  const { address, namespace } = roster.config.temporal;
  const connection = await Connection.connect({ address: address ?? '' });
  return { client: new Client({ connection, namespace }), close: () => connection.close() };
}

/**
 * With `RECORD_HISTORIES=<version>` in the environment, keeps the history of a run, its latest execution unless told, for the replay test;
 * otherwise does nothing. A history is recorded after its story was checked, so what is kept is what should happen.
 */
export async function recordHistory(
  roster: TestRoster,
  workflowId: string,
  name: string,
  runId?: string,
): Promise<void> {
  const version = process.env['RECORD_HISTORIES'];
  if (version === undefined) return;
  const { client, close } = await temporalClient(roster);
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    // A cancelled run ends too.
    await handle.result().catch(() => undefined);
    const history = await handle.fetchHistory();
    await mkdir(join(HISTORIES, version), { recursive: true });
    await writeFile(join(HISTORIES, version, `${name}.json`), `${historyToJSON(history)}\n`);
  } finally {
    await close();
  }
}
