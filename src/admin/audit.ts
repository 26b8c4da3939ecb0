import type pg from 'pg';
import { z } from 'zod';
import { type AuditRow, listAudit } from '../directory/audit-list.js';
import { listOf } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** `/instances/{slug}/audit`: who changed what, and what was refused. */
export function auditRoutes({ pool }: { readonly pool: pg.Pool }): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listAudit',
      summary:
        "An instance's accepted and refused changes, the newest first, each sealed by a hash over the one before",
      method: 'GET',
      path: '/instances/{slug}/audit',
      role: 'viewer',
      input: fromQuery(
        z.strictObject({
          from: schemas.moment.optional(),
          to: schemas.moment.optional().meta({ description: 'Not included' }),
          userId: schemas.userId.optional(),
          cursor: schemas.feedCursor.optional().meta({ description: 'nextCursor of the page before' }),
          limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
        }),
      ),
      status: 200,
      answer: listOf(schemas.auditRow),
      handle: async ({ instance, input: { cursor, limit, ...filter } }) => {
        const rows = await listAudit(pool, instance, filter, { before: cursor, limit: limit + 1 });
        const items = rows.slice(0, limit).map(present);
        const last = items.at(-1);
        return { items, nextCursor: rows.length > limit && last !== undefined ? String(last.position) : null };
      },
    }),
  ];
}

const present = ({ at, ...row }: AuditRow) => ({ ...row, at: at.toISOString() });
