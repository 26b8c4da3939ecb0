import { activityInfo, heartbeat } from '@temporalio/activity';
import type pg from 'pg';
import { leaveToOwnRun } from '../src/directory/announcements.js';
import { writtenRows } from '../src/directory/import-rows.js';
import { showImport } from '../src/directory/imports.js';
import type { ImportAt, PhaseProgress, UserKey } from '../workflows/messages.js';
import { assertWorkerRuns } from './worker-shutdown.js';

const PIECE_MS = 5_000;
const PAGE = 500;
const IN_FLIGHT = 20;
const NOTHING = { rows: [], last: undefined };

/** Tells the application of whom a file wrote. `tell` gives true where all is told of a user. */
export const importAnnouncementActivities = (pool: pg.Pool, tell: (user: UserKey) => Promise<boolean>) => ({
  /** Goes on from after a line, some at a time; of whom it can't be told is left to a run of its own. */
  async announceRows({ after, ...key }: ImportAt): Promise<PhaseProgress> {
    const end = Date.now() + PIECE_MS;
    const reached: unknown = activityInfo().heartbeatDetails;
    let line = typeof reached === 'number' ? reached : after;
    for (;;) {
      const { state, rows: counts, hasApplication } = await showImport(pool, key.id);
      const { rows, last } = state === 'paused' || !hasApplication ? NOTHING : await writtenRows(pool, key, line, PAGE);
      const waiting = rows.values();
      const lane = async (): Promise<void> => {
        for (const { userId } of waiting) {
          assertWorkerRuns();
          if (!(await tell({ instance: key.instance, userId })))
            await leaveToOwnRun(pool, key.instance, userId, key.id);
          heartbeat(line);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
      line = last ?? line;
      heartbeat(line);
      const isDone = last === undefined && state !== 'paused';
      if (isDone || state === 'paused' || Date.now() > end) return { after: line, isDone, state, rows: counts };
    }
  },
});
