import type { AccountStatus, Import, Reason, Role, RowOutcome, Stage, UserAction } from './api-types.js';

/** How a thing stands, for its colour: never the only sign, since a word is beside it. */
export type Tone = 'good' | 'busy' | 'bad' | 'off';

export const STAGE_TONES: Readonly<Record<Stage, Tone>> = {
  provisioning: 'busy',
  'waiting for manager': 'busy',
  provisioned: 'good',
  deactivating: 'busy',
  held: 'bad',
  deactivated: 'off',
  stuck: 'bad',
  abandoned: 'off',
};

/** What only those can be who are stuck. */
export const STUCK_FOR: readonly Reason[] = ['application_refused', 'application_unreachable', 'directory_unavailable'];

/** Whom a stage is of: at the head of a list of them, and where there are none. */
export const STAGE_WORDS: Readonly<Record<Stage, { readonly who: string; readonly nobody: string }>> = {
  stuck: { who: 'Stuck users', nobody: 'Nobody is stuck. All is well.' },
  'waiting for manager': { who: 'Users who wait for a manager', nobody: 'Nobody waits for a manager.' },
  provisioning: { who: 'Users who are being provisioned', nobody: 'Nobody is being provisioned.' },
  deactivating: { who: 'Users who are being deactivated', nobody: 'Nobody is being deactivated.' },
  held: { who: 'Users whose deactivation is held', nobody: 'Nobody is held.' },
  abandoned: { who: 'Users who were given up', nobody: 'Nobody was given up.' },
  deactivated: { who: 'Deactivated users', nobody: 'Nobody is deactivated.' },
  provisioned: { who: 'Provisioned users', nobody: 'Nobody is provisioned yet.' },
};

/** Those that want somebody's attention first. */
export const STAGES: readonly Stage[] = [
  'stuck',
  'waiting for manager',
  'provisioning',
  'deactivating',
  'held',
  'abandoned',
  'deactivated',
  'provisioned',
];

export const STATUS_TONES: Readonly<Record<AccountStatus, Tone>> = {
  pending: 'busy',
  active: 'good',
  suspended: 'off',
  refused: 'bad',
};

export const IMPORT_TONES: Readonly<Record<Import['state'], Tone>> = {
  staging: 'busy',
  running: 'busy',
  paused: 'off',
  done: 'good',
  cancelled: 'off',
};

export const OUTCOME_TONES: Readonly<Record<RowOutcome, Tone>> = {
  pending: 'busy',
  created: 'good',
  updated: 'good',
  unchanged: 'off',
  rejected: 'bad',
  cancelled: 'off',
};

export const STATUSES: readonly AccountStatus[] = ['pending', 'active', 'suspended', 'refused'];
export const ROLES: readonly Role[] = ['individual', 'manager', 'publisher', 'coach'];
export const OUTCOMES: readonly RowOutcome[] = ['rejected', 'created', 'updated', 'unchanged', 'cancelled', 'pending'];

/** Why somebody is where they are, and what to do about it. */
export const REASONS: Readonly<Record<Reason, { readonly what: string; readonly todo: string }>> = {
  manager_unknown: {
    what: 'The manager whom Okta names is not here yet',
    todo: 'The account is active meanwhile. Wait, assign the manager in Okta, or let the default manager take the place now.',
  },
  deactivation_kept: {
    what: 'Okta took this user away while the switch “deactivate users” is off',
    todo: 'Switch it on, which ends the access of all whom it kept; or assign the user again in Okta.',
  },
  update_ignored: {
    what: 'Okta sent a change while the switch “update attributes” is off',
    todo: 'Switch it on, and let Okta send the change again (Force Sync).',
  },
  brake_held: {
    what: 'Too many people were unassigned at once: access is off, reports and team stay',
    todo: 'Ask the customer whether it was meant, then release or revert the hold.',
  },
  directory_unavailable: {
    what: 'A step on the database keeps failing',
    todo: 'See to PostgreSQL; it is tried again by itself.',
  },
  application_unreachable: {
    what: 'The application has not taken what it was told',
    todo: 'See to the application; its first good answer brings everybody forward.',
  },
  application_refused: {
    what: 'The application refused this user',
    todo: 'Mend it in Okta or in the application, then try again.',
  },
};

/** What each action does, said before it is done. */
export const USER_ACTIONS: Readonly<Record<UserAction, { readonly label: string; readonly explain: string }>> = {
  retryNow: { label: 'Try again', explain: 'Tries at once what is stuck, without waiting for the next round.' },
  takeDefaultManager: {
    label: 'Take default manager',
    explain:
      'Ends the wait: the default manager takes the place. If the named manager comes later, the user moves over by itself.',
  },
  abandon: {
    label: 'Give up',
    explain:
      'Gives up what the user is stuck with. A first provisioning is undone and the account refused; of a deactivation access is given back; a change counts as told.',
  },
};

/** The page is in English, whatever the browser's language. */
const LOCALE = 'en-GB';

/** A figure with its thousands apart. */
export const number = (value: number): string => value.toLocaleString(LOCALE);

/** “1 row”, “12 rows”. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** A length of time in its two greatest units: “3 min 20 s”. */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [size, unit] of UNITS) {
    if (parts.length === 2) break;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** A moment, to the second, and by which clock. */
export const moment = (instant: string): string =>
  new Date(instant).toLocaleString(LOCALE, { dateStyle: 'medium', timeStyle: 'long' });
