import type Koa from 'koa';
import type { Log } from '../telemetry/log.js';

/** A line for each request that fails for us, and at level debug for all: the path without its query, since a filter names people. */
export const accessLog = (log: Log): Koa.Middleware =>
  async function accessLog(context, next) {
    const began = performance.now();
    try {
      await next();
    } finally {
      if (log.isLevelEnabled('debug') || context.status >= 500) {
        log[context.status >= 500 ? 'error' : 'debug'](
          {
            requestId: context.state['requestId'],
            method: context.method,
            path: context.path,
            status: context.status,
            ms: Math.round((performance.now() - began) * 10) / 10,
          },
          'request',
        );
      }
    }
  };
