import {
  ActivityCancellationType,
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ApplicationActivities } from '../activities/announcements.js';
import type { Activities } from '../activities/index.js';
import type { InstanceKey, UserKey } from './messages.js';
import { APPLICATION_QUEUE } from './task-queues.js';

/** How long a step of this run may fail, its retries included, before its user counts as stuck. */
let patienceMs = 60_000;

/** Sets this run's patience, where it is told one: a run has this module for itself. */
export function bePatientFor(ms = patienceMs): void {
  patienceMs = ms;
}

/**
 * Steps on our own database are local activities: they show by name in the Temporal UI and cost no further round trip. A
 * back-off above the threshold parks the run on a timer of the server's.
 */
const directory = (summary: string): LocalActivityOptions => ({
  startToCloseTimeout: '10s',
  get scheduleToCloseTimeout() {
    return patienceMs;
  },
  localRetryThreshold: '5s',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
  summary,
});

/** One proxy a step, so that each has its own line in the run's timeline. */
const step = <Name extends keyof Activities>(name: Name, summary: string): Activities[Name] =>
  proxyLocalActivities<Activities>(directory(summary))[name];

export const readAsserted = step('readAsserted', 'read what is asserted');
export const createAccounts = step('createAccounts', 'create the account');
export const updateAccounts = step('updateAccounts', 'update the account');
export const suspendAccounts = step('suspendAccounts', 'end the account');
export const adoptReports = step('adoptReports', 'adopt the reports');
export const findManagers = step('findManagers', 'look for the manager');
export const joinTeams = step('joinTeams', 'join the team');
export const handOverReports = step('handOverReports', 'hand the reports over');
export const leaveTeams = step('leaveTeams', 'leave the team');
export const rejoinTeams = step('rejoinTeams', 'return to the team');
export const markApplied = step('markApplied', 'mark as settled');

export const actOnUser = step('actOnUser', 'do what an operator asked for');
export const cancelProvisioning = step('cancelProvisioning', 'undo what was cancelled');
export const showUntold = step('showUntold', 'show what was not told');
export const refuseAccount = step('refuseAccount', 'undo what the application refused');

/**
 * The application's answers are waited for elsewhere: on a task queue of their own, so that a slow application takes no place from a
 * step of ours. What it takes longer than its patience for is shown as stuck.
 */
const application = (summary: string): ActivityOptions => ({
  taskQueue: `${workflowInfo().taskQueue}${APPLICATION_QUEUE}`,
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: patienceMs,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', maximumInterval: '20s' },
  summary,
});

/** Tells the application of this user. */
export const announce = (user: UserKey): ReturnType<ApplicationActivities['announce']> =>
  proxyActivities<ApplicationActivities>(application('tell the application')).announce(user);

/** Tells it of whom a run moved; who can't be told of is left to a run of its own. */
export const announceMoved = ({ instance }: InstanceKey): ReturnType<ApplicationActivities['announceMoved']> =>
  proxyActivities<ApplicationActivities>({
    ...application('tell of whom this moved'),
    startToCloseTimeout: '1h',
    scheduleToCloseTimeout: '1h',
    heartbeatTimeout: '30s',
  }).announceMoved({ instance });

/** An instance has nobody who could be stuck: its step is tried until it works. */
export const { evaluateInstance } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '10s',
  localRetryThreshold: '5s',
  retry: { initialInterval: '200ms', maximumInterval: '30s' },
  summary: 'move a page of people',
});

/** Showing that somebody is stuck is tried once: where the database is what fails, the search attributes say it alone. */
export const { showStuck } = proxyLocalActivities<Activities>({
  ...directory('show as stuck'),
  scheduleToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});
