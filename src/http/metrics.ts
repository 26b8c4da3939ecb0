import type Koa from 'koa';
import type { Metrics } from '../telemetry/metrics.js';
import type { RequestMetrics } from '../telemetry/request-metrics.js';

/** Counts each request of Okta and of operators, with the template that its route has left in the context's state. */
export const countRequests = (requests: RequestMetrics): Koa.Middleware =>
  async function countRequests(context, next) {
    const { path } = context;
    const surface = path.startsWith('/scim/') ? 'scim' : path.startsWith('/admin/') ? 'admin' : undefined;
    if (surface === undefined) {
      await next();
      return;
    }
    const began = performance.now();
    try {
      await next();
    } finally {
      const route: unknown = context.state['route'];
      requests.note(
        surface,
        typeof route === 'string' ? route : undefined,
        context.method,
        context.status,
        (performance.now() - began) / 1_000,
      );
    }
  };

/** `/metrics`, in Prometheus's text format. Without a token, as health is: it names instances, and no person. */
export const metricsEndpoint = (metrics: Metrics): Koa.Middleware =>
  async function metricsEndpoint(context, next) {
    if (context.path !== '/metrics') {
      await next();
      return;
    }
    context.body = await metrics.text();
    context.set('Content-Type', metrics.contentType);
  };
