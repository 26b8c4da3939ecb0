import { z } from 'zod';
import { listProgress, type Progress } from '../directory/progress-list.js';
import { runOf, runsUrl } from '../dispatch/temporal-ui.js';
import type { InstanceId } from '../ids.js';
import { listOf, pageOf, pageQuery } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute, type ShowingRunsOptions } from './route.js';
import * as schemas from './schemas.js';

/** `/instances/{slug}/progress`: who is where. */
export function progressRoutes({ pool, temporalUi }: ShowingRunsOptions): AdminRoute[] {
  const present = (instance: InstanceId, row: Progress): z.input<typeof schemas.progress> => ({
    ...row,
    since: row.since.toISOString(),
    workflow: runOf(temporalUi, instance, row.userId),
  });

  return [
    instanceRoute({
      name: 'listProgress',
      summary: "Where each of an instance's users is, settled ones too, with links to the run and to all stuck runs",
      method: 'GET',
      path: '/instances/{slug}/progress',
      role: 'viewer',
      input: fromQuery(z.strictObject({ stage: schemas.stage.optional(), ...pageQuery })),
      status: 200,
      answer: listOf(schemas.progress).extend({
        stuckUrl: z.url().meta({ description: "All of the instance's stuck runs in the Temporal Web UI" }),
      }),
      handle: async ({ instance, input: { stage, ...page } }) => {
        const { items, nextCursor } = await pageOf(
          page,
          (part) => listProgress(pool, instance, stage, part),
          (row) => row.userId,
        );
        return {
          items: items.map((row) => present(instance, row)),
          nextCursor,
          stuckUrl: runsUrl(temporalUi, instance, 'stuck'),
        };
      },
    }),
  ];
}
