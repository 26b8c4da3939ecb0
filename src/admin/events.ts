import type pg from 'pg';
import { z } from 'zod';
import { listEvents } from '../directory/events.js';
import { limit, listOf, pageBy } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

/** `/instances/{slug}/events`: what the application is told, to be followed. */
export function eventRoutes({ pool }: { readonly pool: pg.Pool }): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listEvents',
      summary: "An instance's effective changes in their order, for 30 days; follow them by the cursor of the last one",
      method: 'GET',
      path: '/instances/{slug}/events',
      role: 'application',
      input: fromQuery(
        z.strictObject({
          after: schemas.feedCursor
            .default(0)
            .meta({ description: 'The cursor of the last event seen; 0 for the first' }),
          limit,
        }),
      ),
      status: 200,
      answer: listOf(schemas.event),
      gone: 'Events after that cursor are older than 30 days.',
      handle: async ({ instance, input }) => {
        const { items, nextCursor } = await pageBy(
          { cursor: input.after, limit: input.limit },
          (part) => listEvents(pool, instance, part.after ?? 0, part.limit),
          ({ cursor }) => String(cursor),
        );
        return { items: items.map((event) => schemas.event.parse(present(event))), nextCursor };
      },
    }),
  ];
}

const present = ({ cursor, at, ...event }: Awaited<ReturnType<typeof listEvents>>[number]) => ({
  cursor: String(cursor),
  at: at.toISOString(),
  ...event,
});
