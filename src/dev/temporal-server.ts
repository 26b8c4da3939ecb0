import type { ChildProcess } from 'node:child_process';
import { Connection } from '@temporalio/client';
import { searchAttributes } from '../../workflows/search-attributes.js';
import type { ChildProcesses } from './child-processes.js';
import { freePort } from './free-port.js';

const START_MILLISECONDS = 60_000;

/** The Temporal dev server does not come up; the message holds its own words. */
class TemporalServerError extends Error {
  override readonly name = 'TemporalServerError';
}

export interface TemporalServerOptions {
  readonly processes: ChildProcesses;
  /** Path of the Temporal CLI. */
  readonly binary: string;
  readonly namespace: string;
  /** 0 is any free port. */
  readonly port: number;
  /** 0 is any free port; undefined is no Web UI. */
  readonly uiPort: number | undefined;
  /** File that keeps the workflows over a restart; undefined keeps them in memory. */
  readonly databaseFile: string | undefined;
  readonly report: (line: string) => void;
}

export interface TemporalServer {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  readonly process: ChildProcess;
  /** Ends it within seconds. */
  stop(): Promise<void>;
}

/** As the flags of the dev server want them: `RosterStage=Keyword`. */
const SEARCH_ATTRIBUTES = Object.values(searchAttributes).map(
  ({ name, type }) => `${name}=${type.charAt(0)}${type.slice(1).toLowerCase()}`,
);

const DYNAMIC_CONFIG = [
  'matching.enableFairness=true',
  'system.enableActivityEagerExecution=true',
  'limit.maxIDLength=255',
  // One worker and few runs: more partitions only make an idle queue slower to answer.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * Starts a Temporal dev server on 127.0.0.1 and waits until its namespace answers.
 * @throws TemporalServerError where it ends or does not answer within a minute.
 */
export async function startTemporal(options: TemporalServerOptions): Promise<TemporalServer> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // A port that was free when it was chosen, some of them by the server itself, may be somebody else's by now.
      const taken = /:(\d+): bind: address already in use/.exec(error instanceof Error ? error.message : '')?.[1];
      const isGiven = [options.port, options.uiPort].includes(Number(taken));
      if (taken === undefined || isGiven || tries === START_TRIES) throw error;
    }
  }
}

const START_TRIES = 3;

async function startOnce(options: TemporalServerOptions): Promise<TemporalServer> {
  const port = options.port === 0 ? await freePort() : options.port;
  const uiPort = options.uiPort === 0 ? await freePort() : options.uiPort;
  const child = await options.processes.start(options.binary, flags(options, port, uiPort), 'SIGTERM', {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-1_000);
  });
  const address = `127.0.0.1:${port}`;
  await untilReady(child, address, options, () => words.trim());
  return {
    address,
    namespace: options.namespace,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    process: child,
    stop: () => options.processes.stop(child, 4_000),
  };
}

function flags(options: TemporalServerOptions, port: number, uiPort: number | undefined): string[] {
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    '--log-level=error',
    `--namespace=${options.namespace}`,
    ...(uiPort === undefined ? ['--headless'] : [`--ui-port=${uiPort}`, '--ui-disable-news-fetch']),
    ...SEARCH_ATTRIBUTES.flatMap((attribute) => ['--search-attribute', attribute]),
    ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
    '--sqlite-pragma=journal_mode=wal',
    '--sqlite-pragma=synchronous=off',
    ...(options.databaseFile === undefined ? [] : ['--db-filename', options.databaseFile]),
    // The settings of another Temporal, in the user's own files or environment, are not this server's.
    '--disable-config-file',
    '--disable-config-env',
  ];
}

async function untilReady(
  child: ChildProcess,
  address: string,
  { namespace, report }: TemporalServerOptions,
  lastWords: () => string,
): Promise<void> {
  const start = Date.now();
  let told = start;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new TemporalServerError(
        `The Temporal server did not start: ${lastWords() || `it ended with ${child.exitCode ?? child.signalCode}`}`,
      );
    }
    if (await answers(address, namespace)) return;
    if (Date.now() - start > START_MILLISECONDS)
      throw new TemporalServerError(`The Temporal server does not answer: ${lastWords()}`);
    if (Date.now() - told > 2_000) {
      told = Date.now();
      report(`waiting for the Temporal server (${Math.round((told - start) / 1_000)} s)`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** True where a Temporal server answers at this address and has this namespace. */
async function answers(address: string, namespace: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 2_000 });
    try {
      await connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
