import type pg from 'pg';
import { z } from 'zod';
import { auditPages, exported, FORMATS, type Format } from '../directory/audit-export.js';
import { type AuditRow, listAudit } from '../directory/audit-list.js';
import { listOf } from './page.js';
import { type AdminRoute, Download, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MEDIA_TYPES: Readonly<Record<Format, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson' };

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
          format: z
            .enum(['json', ...FORMATS])
            .optional()
            .meta({
              description:
                'csv and ndjson (or Accept: text/csv, application/x-ndjson) give all rows at once, without cursor and limit',
            }),
          limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
        }),
      ),
      status: 200,
      answer: listOf(schemas.auditRow),
      downloads: Object.values(MEDIA_TYPES),
      handle: async ({ instance, accepts, input: { cursor, limit, format, ...filter } }) => {
        const wanted =
          format ??
          FORMATS.find((one) => accepts('application/json', ...Object.values(MEDIA_TYPES)) === MEDIA_TYPES[one]);
        if (wanted === 'csv' || wanted === 'ndjson') {
          return new Download(MEDIA_TYPES[wanted], exported(auditPages(pool, instance, filter), wanted));
        }
        const rows = await listAudit(pool, instance, filter, { before: cursor, limit: limit + 1 });
        const items = rows.slice(0, limit).map(present);
        const last = items.at(-1);
        return { items, nextCursor: rows.length > limit && last !== undefined ? String(last.position) : null };
      },
    }),
  ];
}

const present = ({ at, receivedAt, ...row }: AuditRow) => ({
  ...row,
  at: at.toISOString(),
  receivedAt: receivedAt?.toISOString() ?? null,
});
