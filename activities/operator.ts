import type { Actor } from '../src/directory/users.js';
import type { InstanceId, UserId } from '../src/ids.js';
import type { UserAction } from '../src/instances/operator-actions.js';
import { operatorCalled, refusedForGood } from './asked-in-temporal.js';

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
    await refusedForGood(act(asked.instance, asked.userId, asked.action, asked.why, operatorCalled(asked.who)));
  },
});
