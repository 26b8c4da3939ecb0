import { defineUpdate, setHandler } from '@temporalio/workflow';
import { actOnUser } from './activity-options.js';
import type { UserKey } from './messages.js';

/** What an operator says with an action in the Temporal UI: who it is, and why. */
export interface OperatorWords {
  readonly who: string;
  readonly why: string;
}

/** What stands in the field that the Temporal UI calls so. */
export const DATA = '{ "who": "your name", "why": "the reason" }';

type Action = Parameters<typeof actOnUser>[0]['action'];

/** The actions by name, as the Temporal UI describes them and what it answers. */
const ACTIONS: Readonly<Record<Action, { readonly description: string; readonly answer: string }>> = {
  retryNow: {
    description: `Try again now what this user is stuck with or waits for. Data: ${DATA}`,
    answer: 'It is tried again now.',
  },
  takeDefaultManager: {
    description: `Do not wait any longer for the manager that Okta names: the default manager takes the place, and the real one adopts this user whenever it comes. Data: ${DATA}`,
    answer: 'The default manager takes the place.',
  },
  abandon: {
    description: `Give up. A creation is undone (account refused), a change that the application refuses counts as told, and a deactivation is taken back: the user is active again until Okta says otherwise. Data: ${DATA}`,
    answer: 'It is given up.',
  },
};

/** Lets operators act on a user from the Temporal UI. Each does what the admin API does: it is written down, and the run is woken. */
export function listenToOperators(user: UserKey): void {
  for (const [name, { description, answer }] of Object.entries(ACTIONS)) {
    setHandler(
      defineUpdate<string, [OperatorWords]>(name),
      async ({ who, why }) => {
        await actOnUser({ ...user, action: name as Action, who, why });
        return answer;
      },
      { description, validator: assertWords },
    );
  }
}

/** What PostgreSQL can't store. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Rejected before anything is written: whoever reads the audit log wants to know. */
export function assertWords(words: Partial<OperatorWords> | undefined): void {
  for (const name of ['who', 'why'] as const) {
    const word = words?.[name];
    if (typeof word !== 'string' || word.trim() === '' || word.length > 500 || UNSTORABLE.test(word)) {
      // The Temporal UI shows a stack below the words, which tells an operator nothing.
      throw Object.assign(new Error(`Say ${name}, in up to 500 characters of text: ${DATA}`), { stack: '' });
    }
  }
}
