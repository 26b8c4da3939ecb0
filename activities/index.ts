import type pg from 'pg';
import { accountActivities } from './accounts.js';
import { refusalActivities } from './announcements.js';
import { InstanceQueue } from './instance-queue.js';
import { managerActivities } from './managers.js';
import { progressActivities } from './progress.js';
import { teamActivities } from './teams.js';

/** Everything that workflows may ask of the world. One object per worker process. */
export function createActivities({ pool }: { pool: pg.Pool }) {
  const queue = new InstanceQueue();
  return {
    ...accountActivities(pool, queue),
    ...managerActivities(pool, queue),
    ...teamActivities(pool, queue),
    ...progressActivities(pool),
    ...refusalActivities(pool),
  };
}

export type Activities = ReturnType<typeof createActivities>;
