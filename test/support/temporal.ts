import { findTemporal } from '../../src/dev/temporal-binary.js';
import { startTemporal } from '../../src/dev/temporal-server.js';
import { config, report, serverProcesses } from './servers.js';

/** The one Temporal server of a run. */
export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
  /** Of its Web UI, if it has one. */
  readonly uiUrl?: string | undefined;
}

let binary: Promise<string> | undefined;
let server: Promise<TestTemporal> | undefined;

/** Path of the Temporal CLI, downloaded or built where there is none yet, which can take minutes. */
export function temporalBinary(): Promise<string> {
  binary ??= findTemporal({ cliPath: config.temporal.cliPath, path: config.path, report });
  return binary;
}

/** True where a server is given and no CLI is needed. */
export const isTemporalGiven = config.temporal.address !== undefined;

/**
 * The one Temporal server of this run, with Roster's search attributes: TEMPORAL_ADDRESS, or a dev server of our own,
 * started when it is first asked for. Tests share it: use a task queue and workflow ids of your own.
 */
export function testTemporal(): Promise<TestTemporal> {
  const { address, namespace, uiUrl } = config.temporal;
  server ??= address === undefined ? startOwn() : Promise.resolve({ address, namespace, uiUrl });
  return server;
}

async function startOwn(): Promise<TestTemporal> {
  const { address, namespace, uiUrl } = await startTemporal({
    processes: serverProcesses(),
    binary: await temporalBinary(),
    namespace: 'default',
    port: 0,
    uiPort: 0,
    databaseFile: undefined,
    report,
  });
  return { address, namespace, uiUrl };
}
