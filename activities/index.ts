import type pg from 'pg';
import { accountActivities } from './accounts.js';
import { refusalActivities } from './announcements.js';
import { InstanceQueue } from './instance-queue.js';
import { managerActivities } from './managers.js';
import { type ActOnUser, operatorActivities } from './operator.js';
import { progressActivities } from './progress.js';
import { teamActivities } from './teams.js';

/** Everything that workflows may ask of the world. One object per worker process. */
export function createActivities({ pool, actOnUser }: { pool: pg.Pool; actOnUser: ActOnUser }) {
  const queue = new InstanceQueue();
  return {
    ...accountActivities(pool, queue),
    ...managerActivities(pool, queue),
    ...teamActivities(pool, queue),
    ...progressActivities(pool),
    ...refusalActivities(pool),
    ...operatorActivities(actOnUser),
  };
}

export type Activities = ReturnType<typeof createActivities>;
