import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config.js';
import type { ChildProcesses } from './child-processes.js';
import { reachableFolder, startPostgres } from './embedded-postgres.js';
import { freePort } from './free-port.js';
import { keepRunning } from './keep-running.js';
import { REACHABLE_FOLDER } from './postgres-binaries.js';
import { findTemporal } from './temporal-binary.js';
import { startTemporal } from './temporal-server.js';

/** What starts a server of `roster dev`. */
export interface DevServerOptions {
  readonly config: Config;
  readonly processes: ChildProcesses;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Told what stops the server that was started. */
  readonly onStarted: (stop: () => Promise<void>) => void;
}

/** The URL of the PostgreSQL that the settings name, or of one of our own under `$ROSTER_HOME`, on a free port. */
export async function devPostgres(options: DevServerOptions, password: string): Promise<string> {
  const { config, processes, say } = options;
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  say('starting PostgreSQL');
  // Another password, another cluster: whoever removes the home begins anew.
  const home = createHash('sha256').update(config.home).update(password).digest('hex').slice(0, 12);
  const folder = await reachableFolder(config.home, join(REACHABLE_FOLDER, `roster-${home}`));
  if (folder !== config.home) say(`  its data is in ${folder}, since its user can't enter ${config.home}`);
  const port = await freePort();
  const kept = await keepRunning(
    () =>
      startPostgres({
        processes,
        dataFolder: join(folder, 'postgres'),
        password,
        database: 'roster',
        durable: true,
        port,
        report: (line) => say(`  ${line}`),
      }),
    (what) => say(`PostgreSQL ${what}`),
  );
  options.onStarted(kept.stop);
  return kept.first.url;
}

/** Where a Temporal server is, and its Web UI. */
export interface TemporalPlace {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
}

/** The Temporal that the settings name, or a dev server of our own that keeps its runs in a file under `$ROSTER_HOME`. */
export async function devTemporal(
  options: DevServerOptions,
  ports: { readonly temporal: number; readonly ui: number },
): Promise<TemporalPlace> {
  const { config, processes, say, signal } = options;
  const { address, namespace, uiUrl, cliPath } = config.temporal;
  if (address !== undefined) return { address, namespace, uiUrl };
  const binary = await findTemporal({ cliPath, path: config.path, report: say, signal });
  say('starting Temporal');
  const port = ports.temporal === 0 ? await freePort() : ports.temporal;
  const uiPort = ports.ui === 0 ? await freePort() : ports.ui;
  const databaseFile = join(config.home, 'temporal.db');
  const kept = await keepRunning(
    () => startTemporal({ processes, binary, namespace, port, uiPort, databaseFile, report: say }),
    (what) => say(`Temporal ${what}`),
  );
  options.onStarted(kept.stop);
  return { address: kept.first.address, namespace, uiUrl: `http://127.0.0.1:${uiPort}` };
}
