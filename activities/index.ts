import type pg from 'pg';
import { accountActivities } from './accounts.js';
import { InstanceQueue } from './instance-queue.js';
import { managerActivities } from './managers.js';
import { type ActOnUser, operatorActivities } from './operator.js';
import { progressActivities } from './progress.js';
import { refusalActivities } from './refusals.js';
import { teamActivities } from './teams.js';

/** Everything that workflows may ask of the world. One object per worker process. */
export function createActivities({
  pool,
  actOnUser,
  patienceMs,
}: {
  readonly pool: pg.Pool;
  readonly actOnUser: ActOnUser;
  /** How long a step may fail before its user counts as stuck. */
  readonly patienceMs: number;
}) {
  const queue = new InstanceQueue();
  return {
    ...accountActivities(pool, queue, patienceMs),
    ...managerActivities(pool, queue),
    ...teamActivities(pool, queue),
    ...progressActivities(pool),
    ...refusalActivities(pool),
    ...operatorActivities(actOnUser),
  };
}

export type Activities = ReturnType<typeof createActivities>;
