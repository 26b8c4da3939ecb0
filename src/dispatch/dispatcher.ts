import { type Client, isGrpcServiceError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import type pg from 'pg';
import type { convergeInstance, convergeUser } from '../../workflows/index.js';
import { searchAttributes } from '../../workflows/search-attributes.js';
import { type Kick, releaseKicks, removeKicks, takeKicks } from '../directory/kicks.js';
import type { Log } from '../telemetry/log.js';
import { userWorkflowId } from './temporal-ui.js';
import { waitUntil } from './wait.js';

export interface DispatcherOptions {
  readonly pool: pg.Pool;
  readonly client: Client;
  readonly taskQueue: string;
  readonly log: Log;
}

/** The loop that tells Temporal whom to look at. `wake` is a hint that there is something new; a poll finds the rest. */
export interface Dispatcher {
  readonly wake: () => void;
  /** Ends the loop; resolves when the calls under way are done. */
  readonly stop: () => Promise<void>;
}

/** Calls to Temporal in flight at once (guard 5). */
const IN_FLIGHT = 20;
const POLL_MS = 250;
/** How long to leave Temporal alone after it failed: this, doubled each time, up to the second figure. */
const BACK_OFF_MS = [500, 5_000] as const;
const CALL_DEADLINE_MS = 5_000;
/** A kick that was refused while others were sent is tried again after this. */
const REFUSED_SECONDS = 5;

/** Starts the dispatcher. It is safe to run in many processes: a kick is taken by one of them at a time. */
export function startDispatcher({ pool, client, taskQueue, log }: DispatcherOptions): Dispatcher {
  const stopping = new AbortController();
  let woken = false;
  let wakeUp: () => void = () => undefined;
  let failures = 0;

  const wake = (): void => {
    woken = true;
    wakeUp();
  };

  /** Sends one round; true where there may be more at once. */
  const sendRound = async (): Promise<boolean> => {
    const kicks = await takeKicks(pool, IN_FLIGHT);
    if (kicks.length === 0) return false;
    const outcomes = await Promise.allSettled(kicks.map((kick) => send(client, taskQueue, kick)));
    const sent = kicks.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    const unsent = kicks.filter((_, index) => outcomes[index]?.status === 'rejected');
    if (sent.length > 0) await removeKicks(pool, sent);
    // Those that are refused one by one keep no others waiting.
    if (unsent.length > 0) await releaseKicks(pool, unsent, sent.length === 0 ? 0 : REFUSED_SECONDS);
    const reason: unknown = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
    if (unsent.length > 0 && sent.length === 0) throw reason;
    if (unsent.length > 0)
      log.warn({ err: reason, kicks: unsent.length }, 'some kicks could not be sent; trying again');
    failures = 0;
    return kicks.length === IN_FLIGHT;
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      try {
        if (await sendRound()) continue;
        if (!woken) await waitUntil(POLL_MS, stopping.signal, (resolve) => (wakeUp = resolve));
      } catch (error) {
        if (failures++ === 0)
          log.warn({ err: error, temporal: isGrpcServiceError(error) }, 'kicks could not be sent; trying again');
        const [first, most] = BACK_OFF_MS;
        await waitUntil(Math.min(most, first * 2 ** (failures - 1)), stopping.signal);
      }
    }
  };

  const ended = loop();
  return {
    wake,
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

const NO_ARGUMENTS: [] = [];

/** Starts the run of a user or an instance, or tells the running one to look again. */
async function send(client: Client, taskQueue: string, kick: Kick): Promise<void> {
  const { instance, userId } = kick;
  const options = {
    taskQueue,
    signalArgs: NO_ARGUMENTS,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    priority: { priorityKey: kick.lane === 2 ? 5 : kick.lane === 1 ? 2 : 1, fairnessKey: instance },
    typedSearchAttributes: [
      { key: searchAttributes.instance, value: instance },
      { key: searchAttributes.source, value: kick.source },
      ...(kick.batch === undefined ? [] : [{ key: searchAttributes.batch, value: kick.batch }]),
      ...(userId === undefined
        ? []
        : [{ key: searchAttributes.stage, value: kick.wanted === 'suspended' ? 'deactivating' : 'provisioning' }]),
    ],
  };
  // The client's own retries would hold an outage's calls for many seconds; the kick is retried instead.
  await client.withDeadline(Date.now() + CALL_DEADLINE_MS, async () => {
    if (userId === undefined) {
      await client.workflow.signalWithStart<typeof convergeInstance>('convergeInstance', {
        ...options,
        signal: 'changed',
        workflowId: `instance/${instance}`,
        args: [{ instance }],
        staticSummary: `Instance ${instance}`,
      });
    } else {
      await client.workflow.signalWithStart<typeof convergeUser>('convergeUser', {
        ...options,
        signal: 'changed',
        workflowId: userWorkflowId(instance, userId),
        args: [{ instance, userId }],
        staticSummary: kick.wanted === 'suspended' ? 'Deactivate a user' : 'Provision a user',
      });
    }
  });
}
