import { createApp } from './app.js';
import { createDeliverer } from './application/deliver.js';
import { assertSet, type Config, ConfigError, readConfig, required } from './config.js';
import { UnavailableError } from './database/errors.js';
import { requireSchema, SchemaError } from './database/migrate.js';
import { createPool, FRONT_DOOR, LISTS } from './database/pool.js';
import { startDispatcher } from './dispatch/dispatcher.js';
import { startHealthSampler } from './dispatch/health-sampler.js';
import { startImportStarter } from './dispatch/import-starter.js';
import { startSealer } from './dispatch/sealer.js';
import { startSweeper } from './dispatch/sweeper.js';
import { lazyTemporalClient } from './dispatch/temporal-client.js';
import { temporalProbe } from './dispatch/temporal-probe.js';
import { listen } from './http/listen.js';
import { isMain } from './main-module.js';
import { startRequestLog } from './scim/http/request-log.js';
import { createLog, type Log } from './telemetry/log.js';

/** The front door, and the loops beside it: dispatcher, sweeper, starter of imports, sealer, request log. */
export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Three instances can have slow lists at the same time before others wait. */
const LIST_CONNECTIONS = 6;

/** Starts the server; it starts, and takes requests, without Temporal. @throws ConfigError, SchemaError, Node's error where the port is taken */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  assertSet(config, ['DATABASE_URL', 'ROSTER_SECRET', 'TEMPORAL_ADDRESS']);
  const url = required(config.databaseUrl, 'DATABASE_URL');
  const secret = required(config.secret, 'ROSTER_SECRET');
  const address = required(config.temporal.address, 'TEMPORAL_ADDRESS');
  const onError = (error: Error): void => log.warn({ err: error }, 'an idle connection to PostgreSQL failed');
  const pool = createPool({
    url,
    max: config.databasePoolSize,
    applicationName: 'roster server',
    ...FRONT_DOOR,
    onError,
  });
  const listPool = createPool({ url, max: LIST_CONNECTIONS, applicationName: 'roster lists', ...LISTS, onError });
  // Operators and the loops have connections of their own: nobody waits for another's, and theirs may take longer.
  const open = (applicationName: string, max: number) =>
    createPool({ url, max, applicationName, connectionTimeout: 5_000, statementTimeout: 10_000, onError });
  const adminPool = open('roster admin', 4);
  const loopPool = open('roster dispatcher', 2);
  // Without PostgreSQL the server starts all the same, answers 429, and heals with it.
  await requireSchema(loopPool).catch((error: unknown) => {
    if (!(error instanceof UnavailableError)) throw error;
    log.warn({ err: error }, 'PostgreSQL is not there yet');
  });
  const client = lazyTemporalClient({ address, namespace: config.temporal.namespace });
  const probe = temporalProbe(client);
  const dispatcher = startDispatcher({ pool: loopPool, client, taskQueue: config.temporal.taskQueue, log });
  const sweeper = startSweeper({ pool: loopPool, log, onSwept: dispatcher.wake });
  const healthSampler = startHealthSampler({ pool: loopPool, log });
  const importStarter = startImportStarter({ pool: loopPool, client, taskQueue: config.temporal.taskQueue, log });
  const sealer = startSealer({ pool: loopPool, log });
  const requestLog = startRequestLog(loopPool, log);
  const deliverer = createDeliverer({ allowPrivate: config.allowPrivateApplications });
  const app = createApp({
    pool,
    listPool,
    adminPool,
    secret,
    log,
    publicUrl: config.publicUrl,
    isRateLimited: config.isRateLimited,
    requestLog,
    deliverer,
    allowPrivateApplications: config.allowPrivateApplications,
    temporalUi: { url: config.temporal.uiUrl, namespace: config.temporal.namespace },
    onWritten: dispatcher.wake,
    isTemporalUp: probe.isUp,
  });
  const stopLoops = async (): Promise<void> => {
    await Promise.all([
      dispatcher.stop(),
      sweeper.stop(),
      healthSampler.stop(),
      importStarter.stop(),
      sealer.stop(),
      requestLog.stop(),
      probe.stop(),
    ]);
    await Promise.all([client.connection.close(), deliverer.close()]);
    await Promise.all([pool.end(), listPool.end(), adminPool.end(), loopPool.end()]);
  };
  const handle = app.callback();
  const http = await listen((request, response) => void handle(request, response), config.host, config.port).catch(
    async (error: unknown) => {
      await stopLoops();
      throw error;
    },
  );
  const stop = async (): Promise<void> => {
    await http.close(config.shutdownSeconds * 1_000);
    await stopLoops();
  };
  let stopped: Promise<void> | undefined;
  return { port: http.port, stop: () => (stopped ??= stop()) };
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config, 'server');
  const server = await startServer(config, log);
  const ended = new Promise<void>((resolve, reject) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => void server.stop().then(resolve, reject));
    }
  });
  log.info({ port: server.port }, 'server ready');
  process.send?.({ port: server.port });
  await ended;
}

if (isMain(import.meta.url)) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      if (error instanceof ConfigError || error instanceof SchemaError) console.error(error.message);
      else createLog({ logLevel: 'info' }, 'server').fatal({ err: error }, 'the server failed');
      process.exit(1);
    },
  );
}
