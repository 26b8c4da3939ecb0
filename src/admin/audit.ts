import type pg from 'pg';
import { z } from 'zod';
import { auditPages, exported, FORMATS, type Format } from '../directory/audit-export.js';
import { type AuditRow, listAudit } from '../directory/audit-list.js';
import { limit, listOf, pageBy } from './page.js';
import { type AdminRoute, Download, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

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
          limit,
        }),
      ),
      status: 200,
      answer: listOf(schemas.auditRow),
      downloads: Object.values(MEDIA_TYPES),
      handle: async ({ instance, accepts, input: { cursor, limit: most, format, ...filter } }) => {
        const wanted =
          format ??
          FORMATS.find((one) => accepts('application/json', ...Object.values(MEDIA_TYPES)) === MEDIA_TYPES[one]);
        if (wanted === 'csv' || wanted === 'ndjson') {
          return new Download(MEDIA_TYPES[wanted], exported(auditPages(pool, instance, filter), wanted));
        }
        const { items, nextCursor } = await pageBy(
          { cursor, limit: most },
          (part) => listAudit(pool, instance, filter, { before: part.after, limit: part.limit }),
          ({ position }) => String(position),
        );
        return { items: items.map(present), nextCursor };
      },
    }),
  ];
}

const present = ({ at, receivedAt, ...row }: AuditRow) => ({
  ...row,
  at: at.toISOString(),
  receivedAt: receivedAt?.toISOString() ?? null,
});
