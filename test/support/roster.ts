import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type pg from 'pg';
import type { Config } from '../../src/config.js';
import { bundleWorkflows } from '../../src/dev/workflow-bundle.js';
import type { InstanceId } from '../../src/ids.js';
import { createInstance } from '../../src/instances/instances.js';
import { issueOperatorToken } from '../../src/instances/operator-tokens.js';
import { issueScimToken } from '../../src/instances/scim-tokens.js';
import { type RunningServer, startServer } from '../../src/server.js';
import { createLog } from '../../src/telemetry/log.js';
import { type RunningWorker, startWorker } from '../../src/worker.js';
import { testDatabase } from './database.js';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { type TestTemporal, testTemporal } from './temporal.js';

export const SECRET = 'a secret of the tests, long enough to be one';
export const BY_TEST = { actor: 'cli', source: 'admin', requestId: null } as const;

/** A whole Roster in this process, on the run's PostgreSQL and Temporal, with one instance and its first coach. */
export interface TestRoster {
  readonly scimUrl: string;
  readonly scimToken: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly instance: InstanceId;
  readonly pool: pg.Pool;
  /** Stands between server and worker and their PostgreSQL; passes all, unless told otherwise. */
  readonly proxy: FaultProxy;
  readonly config: Config;
  /** Starts what was not started, or was stopped. */
  startWorker(): Promise<RunningWorker>;
  startServer(): Promise<RunningServer>;
  close(): Promise<void>;
}

export interface TestRosterOptions {
  /** Tests ask more at once than a customer's Okta does. */
  readonly isRateLimited?: boolean;
  readonly managerWaitSeconds?: number;
  readonly patienceSeconds?: number;
  readonly worker?: boolean;
  readonly server?: boolean;
  /** Another Temporal than the one that all tests share. */
  readonly temporal?: TestTemporal;
}

let bundle: Promise<string> | undefined;

/** Path of the workflows, bundled once per process. */
export function workflowBundle(): Promise<string> {
  bundle ??= (async () =>
    bundleWorkflows(await mkdtemp(join(process.env.ROSTER_TEST_FOLDER ?? tmpdir(), 'workflows-'))))();
  return bundle;
}

let isRuntimeInstalled = false;

/** Temporal's runtime that says errors only: for who starts a worker, since it ends only with one. */
export function installRuntime(): void {
  if (isRuntimeInstalled) return;
  isRuntimeInstalled = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
    shutdownSignals: [],
  });
}

/** Starts a Roster for a test file; call `close` in its `after`. */
export async function startRoster(options: TestRosterOptions = {}): Promise<TestRoster> {
  const database = await testDatabase();
  const temporal = options.temporal ?? testTemporal();
  const proxy = await faultProxy(database.url);
  const config: Config = {
    databaseUrl: proxy.url,
    databasePoolSize: 10,
    temporal: {
      address: temporal.address,
      namespace: temporal.namespace,
      taskQueue: `test-${randomBytes(6).toString('hex')}`,
      uiUrl: temporal.uiUrl ?? 'http://127.0.0.1:8233',
      cliPath: undefined,
    },
    host: '127.0.0.1',
    port: 0,
    publicUrl: undefined,
    home: '/nowhere',
    secret: SECRET,
    isRateLimited: options.isRateLimited ?? false,
    allowPrivateApplications: true,
    patienceSeconds: options.patienceSeconds ?? 60,
    shutdownSeconds: 5,
    workflowBundle: undefined,
    workerMetrics: undefined,
    logLevel: 'silent',
    path: '',
  };
  // Workflow ids are the namespace's: an instance of its own keeps test files apart.
  const { slug } = await createInstance(
    database.pool,
    {
      slug: `test-${randomBytes(6).toString('hex')}`,
      name: 'Test',
      managerWaitSeconds: options.managerWaitSeconds ?? 1,
      coach: { userName: 'coach@roster.test', givenName: 'First', familyName: 'Coach' },
    },
    BY_TEST,
  );
  const scim = await issueScimToken(database.pool, SECRET, slug, { label: 'test' }, BY_TEST);
  const operator = await issueOperatorToken(database.pool, SECRET, { label: 'test', role: 'admin' }, BY_TEST);

  const running: { stop(): Promise<void> }[] = [];
  const kept = async <Part extends { stop(): Promise<void> }>(part: Promise<Part>): Promise<Part> => {
    const started = await part;
    running.push(started);
    return started;
  };
  const log = createLog(config, 'server');
  const start = {
    startWorker: async () => {
      installRuntime();
      return kept(startWorker({ ...config, workflowBundle: await workflowBundle() }, log));
    },
    startServer: () => kept(startServer(config, log)),
  };
  if (options.worker !== false) await start.startWorker();
  const server = options.server === false ? undefined : await start.startServer();
  const base = `http://127.0.0.1:${server?.port ?? 0}`;
  return {
    ...start,
    config,
    scimUrl: `${base}/scim/v2`,
    scimToken: scim.token,
    adminUrl: `${base}/admin/v1`,
    adminToken: operator.token,
    instance: slug,
    pool: database.pool,
    proxy,
    close: async () => {
      await Promise.all(running.map((part) => part.stop()));
      await proxy.close();
      await database.close();
    },
  };
}

/** Who asks with a token of an instance. */
export interface ScimClient {
  readonly scimUrl: string;
  readonly scimToken: string;
  readonly tokenId: string;
}

/** A client of an instance, with a token of its own. */
export async function clientOf(
  { pool, scimUrl }: Pick<TestRoster, 'pool' | 'scimUrl'>,
  instance: InstanceId,
): Promise<ScimClient> {
  const { id, token } = await issueScimToken(pool, SECRET, instance, { label: 'Okta' }, BY_TEST);
  return { scimUrl, scimToken: token, tokenId: id };
}
