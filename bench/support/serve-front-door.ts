import { createApp } from '../../src/app.js';
import { createDeliverer } from '../../src/application/deliver.js';
import { readConfig, required } from '../../src/config.js';
import { createPool, FRONT_DOOR, LISTS } from '../../src/database/pool.js';
import { listen } from '../../src/http/listen.js';
import { startRequestLog } from '../../src/scim/http/request-log.js';
import { createLog } from '../../src/telemetry/log.js';

/**
 * Roster's server process as `src/server.ts` composes it, without dispatcher and sweeper: the front door alone. Kicks are
 * written and stay. Without the request log only to see what that costs.
 */
export async function serveFrontDoor(options: { readonly requestLog: boolean }): Promise<void> {
  const config = readConfig();
  const log = createLog(config, 'server');
  const url = required(config.databaseUrl, 'DATABASE_URL');
  const onError = (): void => undefined;
  const patient = { connectionTimeout: 5_000, statementTimeout: 10_000, onError };
  const app = createApp({
    pool: createPool({ url, max: config.databasePoolSize, applicationName: 'roster server', ...FRONT_DOOR, onError }),
    listPool: createPool({ url, max: 6, applicationName: 'roster lists', ...LISTS, onError }),
    adminPool: createPool({ url, max: 4, applicationName: 'roster admin', ...patient }),
    secret: required(config.secret, 'ROSTER_SECRET'),
    log,
    publicUrl: config.publicUrl,
    isRateLimited: false,
    requestLog: options.requestLog
      ? startRequestLog(createPool({ url, max: 1, applicationName: 'roster log', ...patient }), log)
      : { note: () => undefined },
    deliverer: createDeliverer({ allowPrivate: false }),
    allowPrivateApplications: false,
    temporalUi: { url: config.temporal.uiUrl, namespace: config.temporal.namespace },
    onWritten: () => undefined,
    isTemporalUp: async () => false,
  });
  const handle = app.callback();
  const { port } = await listen((request, response) => void handle(request, response), config.host, config.port);
  process.once('SIGTERM', () => process.exit(0));
  process.send?.({ port });
}
