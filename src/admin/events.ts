import type pg from 'pg';
import { z } from 'zod';
import { listEvents } from '../directory/events.js';
import { listOf } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

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
          limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
        }),
      ),
      status: 200,
      answer: listOf(schemas.event),
      gone: 'Events after that cursor are older than 30 days.',
      handle: async ({ instance, input: { after, limit } }) => {
        const events = await listEvents(pool, instance, after, limit + 1);
        const items = events.slice(0, limit).map((event) => schemas.event.parse(present(event)));
        return { items, nextCursor: events.length > limit ? (items.at(-1)?.cursor ?? null) : null };
      },
    }),
  ];
}

const present = ({ cursor, at, ...event }: Awaited<ReturnType<typeof listEvents>>[number]) => ({
  cursor: String(cursor),
  at: at.toISOString(),
  ...event,
});
