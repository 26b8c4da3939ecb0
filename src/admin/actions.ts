import { actOnInstance, actOnUser } from '../instances/operator-actions.js';
import { accountId } from './account-id.js';
import { type AdminRoute, fromBody, instanceRoute, type WritingRoutesOptions } from './route.js';
import * as schemas from './schemas.js';

/** What operators do about who is stuck or waits. */
export function actionRoutes({ pool, onWritten }: WritingRoutesOptions): AdminRoute[] {
  return [
    instanceRoute({
      name: 'actOnAccount',
      summary: 'Try a user again now, take the default manager, or give up what the user is stuck with',
      method: 'POST',
      path: '/instances/{slug}/accounts/{id}/actions',
      audited: 'user.act',
      role: 'operator',
      input: fromBody(schemas.userAction),
      status: 200,
      answer: schemas.acted,
      conflict: 'There is nothing of the kind to do for this user.',
      handle: async ({ instance, id, input, by }) => {
        await actOnUser(pool, instance, accountId(id), input.action, input.reason, by);
        onWritten();
        return { accounts: 1 };
      },
    }),
    instanceRoute({
      name: 'actOnInstance',
      summary: 'Try all who are stuck again now, or those of one reason; release or revert whom the brake holds',
      method: 'POST',
      path: '/instances/{slug}/actions',
      audited: 'instance.act',
      role: 'operator',
      input: fromBody(schemas.instanceAction),
      status: 200,
      answer: schemas.acted,
      handle: async ({ instance, input, by }) => {
        const accounts = await actOnInstance(pool, instance, input.action, input.code, input.reason, by);
        onWritten();
        return { accounts };
      },
    }),
  ];
}
