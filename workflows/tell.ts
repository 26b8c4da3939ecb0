import { ApplicationFailure, CancellationScope, condition, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { Asserted } from '../src/directory/accounts.js';
import { announce, announceMoved, leaveTeams, refuseAccount } from './activity-options.js';
import type { InstanceKey, UserKey } from './messages.js';
import { handOverAllReports } from './reports.js';
import { startOver, untilDone } from './stuck.js';
import type { Wake } from './wake.js';

/**
 * Tells the application what has become of the user, and of whom this run moved. A creation that it refuses for good is undone;
 * whatever it refuses, or does not take in time, makes the user stuck until it works. True where all is told.
 */
export async function tell(user: UserKey, state: Asserted, wake: Wake): Promise<boolean> {
  const told = await untilDone(user, wake, () =>
    unlessChanged(wake, async () => {
      const announced = await announce(user);
      if (announced.outcome === 'told') return announced;
      if (announced.isCreation) {
        await undoCreation(user, state, announced.revision);
        // Its reports were handed over, and this run tells of nobody else before it works. The refusal is shown without waiting for that.
        if (patched('tell-of-handed-over')) CancellationScope.nonCancellable(() => announceMoved(user)).catch(ignored);
      }
      throw ApplicationFailure.nonRetryable(
        `The application refused it with ${announced.status}`,
        'application_refused',
      );
    }),
  );
  if (told === startOver) return false;
  // Who can't be told of there is left to a run of its own.
  return !told.movedLeft || (await tellMoved(user, wake));
}

/** Tells of whom a run moved. False where the run was woken meanwhile: the rest is told by whoever comes next. */
export async function tellMoved(key: InstanceKey, wake: Wake): Promise<boolean> {
  const told = await unlessChanged(wake, () => announceMoved(key)).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
  });
  return told !== startOver;
}

/** Lets the application know at once what goes on behind the steps that follow; whatever comes of it, `tell` sees to it in the end. */
export async function tellMeanwhile(user: UserKey, { hasApplication }: Asserted): Promise<void> {
  if (hasApplication !== true) return;
  announce(user).catch(ignored);
  // A step on our own database holds the task, and with it what was begun before: a timer lets that go out.
  await sleep(1, { summary: 'let the application know' });
}

/** Access, team and reports are taken back; nothing stops it in the middle, and done again it does no harm. */
const undoCreation = (user: UserKey, { version }: Asserted, revision: number): Promise<void> =>
  CancellationScope.nonCancellable(async () => {
    if (!(await refuseAccount({ ...user, version, revision }))) return;
    await handOverAllReports(user);
    await leaveTeams({ instance: user.instance, users: [{ userId: user.userId, version }] });
  });

/** Work that is given up once the run is woken: it reads its rows anew, and whoever tells the application goes on alone. */
async function unlessChanged<Result>(wake: Wake, work: () => Promise<Result>): Promise<Result | typeof startOver> {
  const working = new CancellationScope();
  const waiting = new CancellationScope();
  const result = working.run(work);
  const woken = waiting.run(() => condition(() => wake.changed)).then((): typeof startOver => startOver);
  woken.catch(ignored);
  try {
    return await Promise.race([result, woken]);
  } finally {
    result.catch(ignored);
    working.cancel();
    waiting.cancel();
  }
}

/** What nobody waits for any more: whoever tells the application, or the run itself where it is cancelled, sees to it. */
const ignored = (): undefined => undefined;
