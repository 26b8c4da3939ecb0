import type Koa from 'koa';
import type pg from 'pg';
import { run } from '../database/pool.js';

const ASK_MS = 1_000;
const PING = { name: 'ping', text: 'select 1' };

/**
 * `/healthz`: the process is alive. `/readyz`: 503 without PostgreSQL, 200 and `degraded` without Temporal, since requests
 * are taken all the same, 200 and `ok` otherwise.
 */
export const healthEndpoint = (pool: pg.Pool, isTemporalUp: () => Promise<boolean>): Koa.Middleware =>
  async function health(context, next) {
    if (context.path === '/healthz') {
      context.body = { status: 'ok' };
    } else if (context.path === '/readyz') {
      const [postgresql, temporal] = await Promise.all([
        inTime(run(pool, PING, []).then(() => true)),
        inTime(isTemporalUp()),
      ]);
      context.status = postgresql ? 200 : 503;
      context.body = { status: !postgresql ? 'unavailable' : temporal ? 'ok' : 'degraded', postgresql, temporal };
    } else {
      await next();
    }
  };

/** True where it is true in time. */
async function inTime(answer: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ASK_MS);
  });
  try {
    return await Promise.race([answer.catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
