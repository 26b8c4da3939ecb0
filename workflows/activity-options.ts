import { type LocalActivityOptions, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

/** How long a step may fail, its retries included, before its user counts as stuck. */
const PATIENCE = '60s';

/**
 * Steps on our own database are local activities: they show by name in the Temporal UI and cost no further round trip. A
 * back-off above the threshold parks the run on a timer of the server's.
 */
const directory = (summary: string): LocalActivityOptions => ({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: PATIENCE,
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
export const adoptReports = step('adoptReports', 'adopt the reports');
export const findManagers = step('findManagers', 'look for the manager');
export const joinTeams = step('joinTeams', 'join the team');
export const handOverReports = step('handOverReports', 'hand the reports over');
export const leaveTeams = step('leaveTeams', 'leave the team');
export const rejoinTeams = step('rejoinTeams', 'return to the team');
export const markApplied = step('markApplied', 'mark as settled');

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
