import type pg from 'pg';
import { z } from 'zod';
import { type Account, findAccount, listAccounts } from '../directory/account-list.js';
import { feedEnds } from '../directory/events.js';
import { setRole } from '../directory/roles.js';
import type { InstanceId, UserId } from '../ids.js';
import { foldUserName } from '../scim/protocol/resource.js';
import { accountId, noSuchAccount } from './account-id.js';
import { listOf, pageOf, pageQuery } from './page.js';
import { type AdminRoute, fromBody, fromQuery, instanceRoute, nothing, type WritingRoutesOptions } from './route.js';
import * as schemas from './schemas.js';

/** `/instances/{slug}/accounts`: the effective state. */
export function accountRoutes({ pool, onWritten }: WritingRoutesOptions): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listAccounts',
      summary: "An instance's accounts in the order of their creation, without those of deleted users",
      method: 'GET',
      path: '/instances/{slug}/accounts',
      role: 'application',
      input: fromQuery(
        z.strictObject({
          userName: schemas.userName.optional().meta({ description: 'Without regard to case' }),
          status: schemas.accountStatus.optional(),
          managerId: schemas.userId.optional(),
          teamId: schemas.teamId.optional(),
          ...pageQuery,
        }),
      ),
      status: 200,
      answer: listOf(schemas.account).extend({
        eventsCursor: z.string().meta({
          description:
            "Follow the events from here. Of several pages keep the first one's: what is changed while you read comes after it",
        }),
      }),
      handle: async ({ instance, input: { userName, status, managerId, teamId, ...page } }) => {
        const userNameKey = userName === undefined ? undefined : foldUserName(userName);
        const filter = { userNameKey, status, managerId, teamId };
        // Read before the accounts: what changes between the two is told twice, and never missed.
        const { last } = await feedEnds(pool, instance);
        const accounts = await pageOf(
          page,
          (part) => listAccounts(pool, instance, filter, part),
          (account) => account.id,
        );
        return { ...accounts, eventsCursor: String(last) };
      },
    }),
    instanceRoute({
      name: 'getAccount',
      summary: 'One account, that of a deleted user too',
      method: 'GET',
      path: '/instances/{slug}/accounts/{id}',
      role: 'application',
      input: nothing,
      status: 200,
      answer: schemas.account,
      handle: ({ instance, id }) => showAccount(pool, instance, accountId(id)),
    }),
    instanceRoute({
      name: 'setAccount',
      summary: "Set an account's role; below manager is stored as manager for somebody with reports",
      method: 'PATCH',
      path: '/instances/{slug}/accounts/{id}',
      audited: 'account.role',
      role: 'operator',
      input: fromBody(schemas.accountSettings),
      status: 200,
      answer: schemas.account,
      conflict: 'The user was deleted.',
      handle: async ({ instance, id, input, by }) => {
        await setRole(pool, instance, accountId(id), input.role, by);
        onWritten();
        return showAccount(pool, instance, accountId(id));
      },
    }),
  ];
}

async function showAccount(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<Account> {
  const account = await findAccount(pool, instance, id);
  if (account === undefined) throw noSuchAccount(id);
  return account;
}
