import type pg from 'pg';
import { readHealth } from '../directory/health.js';
import { type AdminRoute, instanceRoute, nothing } from './route.js';
import * as schemas from './schemas.js';

/** `/instances/{slug}/health`: how an instance is, and was over the last hour. */
export function healthRoutes({ pool }: { readonly pool: pg.Pool }): AdminRoute[] {
  return [
    instanceRoute({
      name: 'getHealth',
      summary: 'How many of an instance are in each stage now, and how many were over the last hour, minute by minute',
      method: 'GET',
      path: '/instances/{slug}/health',
      role: 'viewer',
      input: nothing,
      status: 200,
      answer: schemas.health,
      handle: async ({ instance }) => {
        const { now, samples } = await readHealth(pool, instance);
        return { now: [...now], samples: samples.map((sample) => ({ ...sample, at: sample.at.toISOString() })) };
      },
    }),
  ];
}
