import type Koa from 'koa';
import type pg from 'pg';
import { run } from '../database/pool.js';
import { inTime } from '../in-time.js';

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
        isTrue(run(pool, PING, []).then(() => true)),
        isTrue(isTemporalUp()),
      ]);
      context.status = postgresql ? 200 : 503;
      context.body = { status: !postgresql ? 'unavailable' : temporal ? 'ok' : 'degraded', postgresql, temporal };
    } else {
      await next();
    }
  };

/** True where it is true in time. */
const isTrue = async (answer: Promise<boolean>): Promise<boolean> => (await inTime(answer, ASK_MS)) === true;
