import { readConfig, required } from '../../src/config.js';
import { findTemporal } from '../../src/dev/temporal-binary.js';
import { config, report } from './servers.js';

/** A Temporal server. */
export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
  /** Of its Web UI, if it has one. */
  readonly uiUrl?: string | undefined;
}

/** Path of the Temporal CLI, for tests that start a server of their own. */
export const temporalBinary = (): Promise<string> =>
  findTemporal({ cliPath: config().temporal.cliPath, path: config().path, report });

/** The one that all tests share: use a task queue and workflow ids of your own. */
export function testTemporal(): TestTemporal {
  const { address, namespace, uiUrl } = readConfig().temporal;
  return { address: required(address, 'TEMPORAL_ADDRESS'), namespace, uiUrl };
}
