import type pg from 'pg';
import { z } from 'zod';
import { listProgress, type Progress } from '../directory/progress-list.js';
import type { InstanceId } from '../ids.js';
import { listOf, pageOf, pageQuery } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

export interface ProgressRoutesOptions {
  readonly pool: pg.Pool;
  /** Where people look at runs: without a slash at the end. */
  readonly temporalUi: { readonly url: string; readonly namespace: string };
}

/** `/instances/{slug}/progress`: who is where. */
export function progressRoutes({ pool, temporalUi }: ProgressRoutesOptions): AdminRoute[] {
  const present = (instance: InstanceId, row: Progress): z.input<typeof schemas.progress> => {
    const id = `user/${instance}/${row.userId}`;
    const url = `${temporalUi.url}/namespaces/${encodeURIComponent(temporalUi.namespace)}/workflows/${encodeURIComponent(id)}`;
    return { ...row, since: row.since.toISOString(), workflow: { id, url } };
  };

  return [
    instanceRoute({
      name: 'listProgress',
      summary: "Where each of an instance's users is, settled ones too, with a link to the run",
      method: 'GET',
      path: '/instances/{slug}/progress',
      role: 'viewer',
      input: fromQuery(z.strictObject({ stage: schemas.stage.optional(), ...pageQuery })),
      status: 200,
      answer: listOf(schemas.progress),
      handle: async ({ instance, input: { stage, ...page } }) => {
        const { items, nextCursor } = await pageOf(
          page,
          (part) => listProgress(pool, instance, stage, part),
          (row) => row.userId,
        );
        return { items: items.map((row) => present(instance, row)), nextCursor };
      },
    }),
  ];
}
