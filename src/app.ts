import Koa from 'koa';
import type pg from 'pg';
import { adminEndpoint } from './admin/admin-endpoint.js';
import { BrokenOffError } from './admin/download.js';
import type { Deliverer } from './application/deliver.js';
import type { TemporalUi } from './dispatch/temporal-ui.js';
import { accessLog } from './http/access-log.js';
import { consoleEndpoint } from './http/console.js';
import { errorAnswers } from './http/errors.js';
import { healthEndpoint } from './http/health.js';
import { refusalKeeper } from './http/keep-refusal.js';
import { countRequests, metricsEndpoint } from './http/metrics.js';
import { requestId } from './http/request-id.js';
import { operatorTokenLookup, scimTokenLookup } from './instances/authenticate-token.js';
import { digestOf } from './instances/token.js';
import { refusedChangeKeeper } from './scim/http/refused-change.js';
import type { RequestLog } from './scim/http/request-log.js';
import { scimRoutes } from './scim/routes/scim-routes.js';
import { scimEndpoint } from './scim/scim-endpoint.js';
import type { Log } from './telemetry/log.js';
import { createMetrics } from './telemetry/metrics.js';

export interface AppOptions {
  readonly pool: pg.Pool;
  /** For Okta's lists and groups, which can be slow. */
  readonly listPool: pg.Pool;
  /** For operators, whose requests may take longer and take nothing from Okta's. */
  readonly adminPool: pg.Pool;
  readonly secret: string;
  readonly log: Log;
  readonly publicUrl: string | undefined;
  /** Whether SCIM tokens are held to their instance's rate limit. */
  readonly isRateLimited: boolean;
  readonly requestLog: RequestLog;
  /** Tells applications things. */
  readonly deliverer: Deliverer;
  /** Whether an application may be in a private network, and be reached without TLS. */
  readonly allowPrivateApplications: boolean;
  readonly temporalUi: TemporalUi;
  /** Called after each committed write, to wake the dispatcher. */
  readonly onWritten: () => void;
  /** Whether Temporal answers; the front door works without. */
  readonly isTemporalUp: () => Promise<boolean>;
}

/** The whole front door as a Koa application, ready to listen. */
export function createApp(options: AppOptions): Koa {
  const { pool, adminPool, secret, log } = options;
  const keepRefusedChange = refusedChangeKeeper(refusalKeeper(pool, log));
  const routes = scimRoutes({ ...options, keepRefusedChange });
  const metrics = createMetrics({ pool: adminPool, isTemporalUp: options.isTemporalUp });
  const app = new Koa();
  app.silent = true;
  app.on('error', (error: unknown, context?: Koa.Context) => {
    if (!(error instanceof BrokenOffError)) log.debug({ err: error }, 'a client went away');
    else log.error({ err: error, requestId: context?.state['requestId'] }, error.message);
  });
  app.use(requestId);
  app.use(countRequests(metrics.requests));
  app.use(accessLog(log));
  app.use(errorAnswers(log));
  app.use(healthEndpoint(pool, options.isTemporalUp));
  app.use(metricsEndpoint(metrics));
  app.use(
    scimEndpoint(routes, scimTokenLookup(pool, secret), {
      ...options,
      keepRefusedChange,
      digestOf: (token) => digestOf(secret, token),
    }),
  );
  app.use(consoleEndpoint());
  app.use(
    adminEndpoint({
      ...options,
      pool: adminPool,
      lookup: operatorTokenLookup(adminPool, secret),
      keepRefusal: refusalKeeper(adminPool, log),
    }),
  );
  return app;
}
