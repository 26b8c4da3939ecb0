import type pg from 'pg';
import { z } from 'zod';
import { listRequests } from '../directory/requests.js';
import { listOf, pageOf, pageQuery } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

/** `/instances/{slug}/requests`: what Okta asked, and what it was told. */
export function requestRoutes({ pool }: { readonly pool: pg.Pool }): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listRequests',
      summary: "An instance's SCIM requests of the last seven days, the newest first, refused ones too",
      method: 'GET',
      path: '/instances/{slug}/requests',
      role: 'viewer',
      input: fromQuery(z.strictObject(pageQuery)),
      status: 200,
      answer: listOf(schemas.request),
      handle: async ({ instance, input }) => {
        const { items, nextCursor } = await pageOf(
          input,
          (part) => listRequests(pool, instance, part),
          (row) => row.id,
        );
        return { items: items.map((row) => ({ ...row, at: row.at.toISOString() })), nextCursor };
      },
    }),
  ];
}
