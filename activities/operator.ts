import { ApplicationFailure } from '@temporalio/common';
import type { Actor } from '../src/directory/users.js';
import { RefusedError } from '../src/errors.js';
import type { InstanceId, UserId } from '../src/ids.js';

/** What an operator can do about one user. */
type UserAction = 'retryNow' | 'takeDefaultManager' | 'abandon';

/** Does it, as every other way to ask for it does (`src/instances/operator-actions.ts`). */
export type ActOnUser = (
  instance: InstanceId,
  user: UserId,
  action: UserAction,
  note: string,
  by: Actor,
) => Promise<void>;

export const operatorActivities = (act: ActOnUser) => ({
  /** An action that was asked for in the Temporal UI. @throws ApplicationFailure with the refusal's code, which is not tried again */
  async actOnUser(asked: {
    instance: InstanceId;
    userId: UserId;
    action: UserAction;
    who: string;
    why: string;
  }): Promise<void> {
    const by = { actor: `temporal:${asked.who}`, source: 'admin', requestId: null } as const;
    await act(asked.instance, asked.userId, asked.action, asked.why, by).catch((error: unknown) => {
      throw error instanceof RefusedError ? ApplicationFailure.nonRetryable(error.message, error.code) : error;
    });
  },
});
