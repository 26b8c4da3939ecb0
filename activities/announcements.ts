import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type pg from 'pg';
import type { Deliverer } from '../src/application/deliver.js';
import { isMovedLeft } from '../src/directory/announcements.js';
import type { InstanceId } from '../src/ids.js';
import type { NoteAnnouncement } from '../src/telemetry/announcement-metrics.js';
import type { UserKey } from '../workflows/messages.js';
import { importAnnouncementActivities } from './import-announcements.js';
import { tellOfMoved } from './tell-moved.js';
import { createTeller } from './teller.js';
import { assertWorkerRuns } from './worker-shutdown.js';

/** What came of telling the application: all of it is told, or it refused this revision for good. */
export type Announced =
  | { readonly outcome: 'told'; readonly movedLeft: boolean }
  | { readonly outcome: 'refused'; readonly status: number; readonly revision: number; readonly isCreation: boolean };

/** No sooner is anybody tried again. */
const BUSY_MS = 1_000;

export function announcementActivities(pool: pg.Pool, deliverer: Deliverer, note: NoteAnnouncement) {
  const tell = createTeller(pool, deliverer, note);
  return {
    ...importAnnouncementActivities(pool, async (user) => (await tell(user)).outcome === 'told'),
    /**
     * Tells the application of a user until its newest revision is told or refused.
     * @throws ApplicationFailure `application_unreachable`, to be tried again after what the application asks
     */
    async announce(user: UserKey): Promise<Announced> {
      const result = await tell(user);
      if (result.outcome === 'told') {
        return { outcome: 'told', movedLeft: await isMovedLeft(pool, user.instance) };
      }
      if (result.outcome === 'refused') return result;
      throw ApplicationFailure.create({
        type: 'application_unreachable',
        message:
          result.outcome === 'busy'
            ? 'others tell it at the moment, or it asked for a later time'
            : `answer ${result.status ?? 'none'}`,
        // A claim is freed as soon as its attempt is over: the usual back-off looks again sooner than it would end by itself.
        ...(result.afterMs === undefined || ('isClaimed' in result && result.isClaimed)
          ? {}
          : { nextRetryDelay: Math.max(BUSY_MS, result.afterMs) }),
        ...(result.outcome === 'busy' ? { category: ApplicationFailureCategory.BENIGN } : {}),
      });
    },
    /** Tells the application of all who were moved by others' runs, each once; who can't be told of is left to its own run. */
    async announceMoved({ instance }: { instance: InstanceId }): Promise<void> {
      const { heartbeatDetails, workflowExecution, activityId } = activityInfo();
      const stopping = cancellationSignal();
      await tellOfMoved({
        pool,
        instance,
        teller: `${workflowExecution?.runId} ${activityId}`,
        tell: (userId) => tell({ instance, userId }),
        after: typeof heartbeatDetails === 'string' ? heartbeatDetails : undefined,
        onProgress: heartbeat,
        isStopping: () => stopping.aborted,
        assertRunning: assertWorkerRuns,
      });
    },
  };
}

export type ApplicationActivities = ReturnType<typeof announcementActivities>;
