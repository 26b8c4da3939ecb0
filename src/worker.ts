import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { announcementActivities } from '../activities/announcements.js';
import { importActivities } from '../activities/imports.js';
import { createActivities } from '../activities/index.js';
import { APPLICATION_QUEUE, IMPORT_QUEUE } from '../workflows/task-queues.js';
import { createDeliverer } from './application/deliver.js';
import { assertSet, type Config, ConfigError, readConfig, required } from './config.js';
import { requireSchema, SchemaError } from './database/migrate.js';
import { createPool } from './database/pool.js';
import { actOnUser } from './instances/operator-actions.js';
import { isMain } from './main-module.js';
import { WORKFLOWS } from './program-files.js';
import { announcementMetrics } from './telemetry/announcement-metrics.js';
import { createLog, type Log } from './telemetry/log.js';
import { temporalLogFields } from './telemetry/temporal-log.js';
import { workerMetrics } from './telemetry/worker-metrics.js';

/** A worker in this process: it runs workflows and their steps until it is told to stop. */
export interface RunningWorker {
  /** Resolves when the worker has ended by `stop`; rejects where it failed. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** At once, over all instances; `activities/application-gate.ts` says how many of them one may have. */
const APPLICATION_CALLS = 1_000;
/** Files at once, in one worker; each reads a page while it writes one, and a rehearsal writes its report beside its transaction. */
const IMPORTS = 4;
const CONNECTIONS_PER_IMPORT = 3;

/**
 * Starts a worker. @throws SchemaError, UnavailableError, the connection's error where Temporal can't be reached.
 */
export async function startWorker(config: Config, log: Log): Promise<RunningWorker> {
  assertSet(config, ['DATABASE_URL', 'TEMPORAL_ADDRESS']);
  const url = required(config.databaseUrl, 'DATABASE_URL');
  const onError = (error: Error): void => log.warn({ err: error }, 'an idle connection to PostgreSQL failed');
  const open = (applicationName: string, max: number, statementTimeout: number) =>
    createPool({ url, max, applicationName, connectionTimeout: 5_000, statementTimeout, onError });
  const pool = open('roster worker', config.databasePoolSize, 9_000);
  // A file's pages take longer than a user's steps, and no connection from them.
  const importPool = open('roster imports', IMPORTS * CONNECTIONS_PER_IMPORT, 60_000);
  await requireSchema(pool);
  const connection = await NativeConnection.connect({ address: required(config.temporal.address, 'TEMPORAL_ADDRESS') });
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    activities: createActivities({
      pool,
      actOnUser: (instance, user, action, note, by) => actOnUser(pool, instance, user, action, note, by),
      patienceMs: config.patienceSeconds * 1_000,
    }),
    ...(config.workflowBundle === undefined
      ? { workflowsPath: WORKFLOWS }
      : { workflowBundle: { codePath: config.workflowBundle } }),
    maxConcurrentLocalActivityExecutions: 100,
    shutdownGraceTime: `${config.shutdownSeconds}s`,
    shutdownForceTime: `${config.shutdownSeconds + 3}s`,
  });
  // Calls to applications wait elsewhere, so that a slow one takes no place from a step of ours.
  const deliverer = createDeliverer({ allowPrivate: config.allowPrivateApplications });
  const teller = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: `${config.temporal.taskQueue}${APPLICATION_QUEUE}`,
    activities: announcementActivities(pool, deliverer, announcementMetrics(Runtime.instance().metricMeter)),
    maxConcurrentActivityTaskExecutions: APPLICATION_CALLS,
    shutdownGraceTime: `${config.shutdownSeconds}s`,
    shutdownForceTime: `${config.shutdownSeconds + 3}s`,
  });
  const importer = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: `${config.temporal.taskQueue}${IMPORT_QUEUE}`,
    activities: importActivities(importPool),
    maxConcurrentActivityTaskExecutions: IMPORTS,
    shutdownGraceTime: `${config.shutdownSeconds}s`,
    shutdownForceTime: `${config.shutdownSeconds + 3}s`,
  });
  const workers = [worker, teller, importer];
  const shutDown = (): void => {
    for (const each of workers) if (each.getState() === 'RUNNING') each.shutdown();
  };
  const untilEnded = async (): Promise<void> => {
    const runs = workers.map((each) => each.run());
    try {
      await Promise.all(runs);
    } finally {
      // Where one has failed the others still hold the connection, and what failed it is to be told.
      shutDown();
      await Promise.allSettled(runs);
      await deliverer.close();
      await connection.close();
      await Promise.all([pool.end(), importPool.end()]);
    }
  };
  const ended = untilEnded();
  return {
    ended,
    stop: () => {
      shutDown();
      // A slow application is not waited for: whoever runs next tells it again, under the same id.
      const cut = setTimeout(() => void deliverer.close(), config.shutdownSeconds * 1_000);
      return ended.finally(() => clearTimeout(cut));
    },
  };
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config, 'worker');
  Runtime.install({
    logger: new DefaultLogger('WARN', (entry) => log.warn(temporalLogFields(entry), entry.message)),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      ...(config.workerMetrics === undefined ? {} : { metrics: workerMetrics(config.workerMetrics) }),
    },
    shutdownSignals: [],
  });
  const worker = await startWorker(config, log);
  let isEnding = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      isEnding = true;
      void worker.stop();
    });
  }
  log.info({ taskQueue: config.temporal.taskQueue }, 'worker ready');
  process.send?.({});
  await worker.ended.catch((error: unknown) => {
    if (!isEnding) throw error;
    // The SDK may find a workflow that is not put away when it closes its thread; what was under way another worker goes on with.
    log.warn({ err: error }, 'the worker ended as it was asked to, though not in order');
  });
}

if (isMain(import.meta.url)) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      if (error instanceof ConfigError || error instanceof SchemaError) console.error(error.message);
      else createLog({ logLevel: 'info' }, 'worker').fatal({ err: error }, 'the worker failed');
      process.exit(1);
    },
  );
}
