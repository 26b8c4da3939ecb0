import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, childEnvironment } from '../config.js';
import { migrate } from '../database/migrate.js';
import { registerSearchAttributes } from '../dispatch/register-search-attributes.js';
import { createChildProcesses } from './child-processes.js';
import { prepareDemoInstance } from './demo-instance.js';
import { type DevFile, devFilePath, removeDevFile, writeDevFile } from './dev-file.js';
import { devPostgres, devTemporal } from './dev-servers.js';
import { freePort, isPortFree } from './free-port.js';
import { keepRunning } from './keep-running.js';
import { commandLine } from './process-list.js';
import { startProgram } from './program.js';
import { readSecrets, writeSecrets } from './secrets.js';
import { bundleWorkflows } from './workflow-bundle.js';

/** Something on this machine is in the way; the message says what, and what to do. */
class DevError extends Error {
  override readonly name = 'DevError';
}

export interface DevOptions {
  readonly config: Config;
  /** 0 is any free port. */
  readonly ports: { readonly temporal: number; readonly ui: number };
  readonly say: (line: string) => void;
  /** Aborted when all is to end. */
  readonly signal: AbortSignal;
}

/** A whole Roster that runs on this machine. */
export interface RunningDev {
  readonly file: DevFile;
  /** True where the instance was made now, and has nobody in it but its coach. */
  readonly isNew: boolean;
  /** Ends every process within 10 s. */
  stop(): Promise<void>;
}

/** Short enough that all of it together ends within 10 s. */
const SHUTDOWN_SECONDS = 5;

/**
 * Starts everything that Roster needs on this machine: PostgreSQL and Temporal, unless the settings name
 * some that run, the schema, the instance `demo` with its tokens, a server and a worker, each started again when it dies.
 * @throws DevError, and what the parts throw, after stopping whatever was started; the signal's reason where it is aborted.
 */
export async function startDev(options: DevOptions): Promise<RunningDev> {
  const { config, ports, say, signal } = options;
  const devFile = devFilePath(config);
  await mkdir(config.home, { recursive: true });
  const release = await holdHome(join(config.home, 'dev.pid'));
  await refuseTakenPorts(options).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const secretsFile = join(config.home, 'secrets.json');
  const secrets = await readSecrets(secretsFile);
  const processes = createChildProcesses();
  const stopServers: (() => Promise<void>)[] = [];
  const stopPrograms: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await removeDevFile(devFile);
    await Promise.all(stopPrograms.map((stopOne) => stopOne()));
    await Promise.all(stopServers.map((stopOne) => stopOne()));
    await processes.close();
    await release();
  };

  try {
    // What fails is said at once, and not after whatever else takes minutes.
    const failed = new AbortController();
    const servers = {
      config,
      processes,
      say,
      signal: AbortSignal.any([signal, failed.signal]),
      onStarted: (stopOne: () => Promise<void>) => stopServers.push(stopOne),
    };
    const postgres = devPostgres(servers, secrets.postgresPassword).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });
    const [[databaseUrl, temporal], workflowBundle] = await all(
      all(postgres, devTemporal(servers, ports)),
      bundleWorkflows(config.home),
    );
    signal.throwIfAborted();

    say('bringing the schema up to date');
    await migrate(databaseUrl, (line) => say(`  ${line}`));
    await registerSearchAttributes(temporal);
    const { tokens, isNew, instance } = await prepareDemoInstance(databaseUrl, secrets);
    await writeSecrets(secretsFile, { ...secrets, ...tokens });
    signal.throwIfAborted();

    say('starting the server and the worker');
    const port = config.port === 0 ? await freePort() : config.port;
    const environment = childEnvironment({
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      TEMPORAL_UI_URL: temporal.uiUrl,
      ROSTER_SECRET: secrets.rosterSecret,
      ROSTER_RATE_LIMIT: 'off',
      ROSTER_PRIVATE_APPLICATIONS: 'on',
      ROSTER_SHUTDOWN_SECONDS: String(SHUTDOWN_SECONDS),
      ROSTER_WORKFLOW_BUNDLE: workflowBundle,
      PORT: String(port),
    });
    const startKept = async (name: 'server' | 'worker'): Promise<void> => {
      const log = join(config.home, `${name}.log`);
      const kept = await keepRunning(
        () => startProgram(processes, name, environment, log),
        (what) => say(`the ${name} ${what} (its log: ${log})`),
      );
      stopPrograms.push(kept.stop);
    };
    await all(startKept('server'), startKept('worker'));
    signal.throwIfAborted();

    const base = `http://${config.host}:${port}`;
    const file: DevFile = {
      pid: process.pid,
      instance,
      scimUrl: `${base}/scim/v2`,
      adminUrl: `${base}/admin/v1`,
      ...tokens,
      consoleUrl: `${base}/console`,
      temporalAddress: temporal.address,
      temporalUiUrl: temporal.uiUrl,
      databaseUrl,
    };
    await writeDevFile(devFile, file);
    return { file, isNew, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for both, also where one has failed, so that whatever was started can be stopped. */
async function all<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

/**
 * Two on one home would take each other's data away, from the first moment on. @returns what gives it up
 * @throws DevError where another holds it
 */
async function holdHome(mark: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(mark, String(process.pid), { flag: 'wx' });
      return () => rm(mark, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const pid = Number.parseInt(await readFile(mark, 'utf8').catch(() => ''), 10);
    if (pid !== process.pid && (await commandLine(pid))?.includes(' dev') === true) {
      throw new DevError(
        `"roster dev" runs on this data already (process ${pid}). Use that one, stop it, or set ROSTER_HOME to another folder and PORT=0 for a second Roster.`,
      );
    }
    // Of one that was killed.
    await rm(mark, { force: true });
  }
}

async function refuseTakenPorts({ config, ports }: DevOptions): Promise<void> {
  const wanted = [
    { port: config.port, what: 'Roster', how: '--port 8081' },
    ...(config.temporal.address === undefined
      ? [
          { port: ports.temporal, what: 'Temporal', how: '--temporal-port, or TEMPORAL_ADDRESS to use the one there' },
          { port: ports.ui, what: "Temporal's Web UI", how: '--ui-port' },
        ]
      : []),
  ];
  for (const { port, what, how } of wanted) {
    if (port === 0 || (await isPortFree(port))) continue;
    throw new DevError(`Port ${port}, which ${what} wants, is taken. Give another (${how}), or PORT=0 for free ones.`);
  }
}
