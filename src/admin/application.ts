import type { Deliverer } from '../application/deliver.js';
import {
  addApplicationSecret,
  listApplicationSecrets,
  removeApplicationSecret,
  resendAccounts,
  testApplication,
} from '../instances/application.js';
import { listOf, wholeList } from './page.js';
import { type AdminRoute, fromBody, instanceRoute, nothing, type WritingRoutesOptions } from './route.js';
import * as schemas from './schemas.js';

interface ApplicationRoutesOptions extends WritingRoutesOptions {
  readonly deliverer: Deliverer;
}

/** `/instances/{slug}/application`: the secrets of its endpoint, and a test. The endpoint itself is a setting of the instance. */
export function applicationRoutes({ pool, deliverer, onWritten }: ApplicationRoutesOptions): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listApplicationSecrets',
      summary: "The secrets that sign what an instance's application is told, without themselves",
      method: 'GET',
      path: '/instances/{slug}/application/secrets',
      role: 'admin',
      input: nothing,
      status: 200,
      answer: listOf(schemas.applicationSecret),
      handle: async ({ instance }) => wholeList((await listApplicationSecrets(pool, instance)).map(present)),
    }),
    instanceRoute({
      name: 'addApplicationSecret',
      summary: 'Make a second secret, with which everything is signed besides; it is shown this once',
      method: 'POST',
      path: '/instances/{slug}/application/secrets',
      audited: 'application.secret.add',
      role: 'admin',
      input: nothing,
      status: 201,
      answer: schemas.newApplicationSecret,
      conflict: 'There are two secrets already.',
      handle: async ({ instance, by }) => {
        const { secret, ...info } = await addApplicationSecret(pool, instance, by);
        return { ...present(info), secret };
      },
    }),
    instanceRoute({
      name: 'removeApplicationSecret',
      summary: 'End a secret; the last one stays',
      method: 'DELETE',
      path: '/instances/{slug}/application/secrets/{id}',
      audited: 'application.secret.remove',
      role: 'admin',
      input: nothing,
      status: 204,
      conflict: 'It is the last secret.',
      handle: async ({ instance, id, by }) => removeApplicationSecret(pool, instance, id, by),
    }),
    instanceRoute({
      name: 'resendAccounts',
      summary: 'Tell the application of a user anew, or of everybody',
      method: 'POST',
      path: '/instances/{slug}/application/resend',
      audited: 'application.resend',
      role: 'operator',
      input: fromBody(schemas.resend),
      status: 200,
      answer: schemas.resent,
      handle: async ({ instance, input, by }) => {
        const accounts = await resendAccounts(pool, instance, input.userId, by);
        onWritten();
        return { accounts };
      },
    }),
    instanceRoute({
      name: 'testApplication',
      summary: 'Send a signed test event, which changes nothing, and tell what was answered',
      method: 'POST',
      path: '/instances/{slug}/application/test',
      audited: 'application.test',
      role: 'operator',
      input: nothing,
      status: 200,
      answer: schemas.delivery,
      handle: async ({ instance }) => {
        const { status, words, ms } = await testApplication(pool, deliverer, instance);
        return { status: status ?? null, words, milliseconds: ms };
      },
    }),
  ];
}

const present = ({ id, createdAt }: { id: string; createdAt: Date }) => ({ id, createdAt: createdAt.toISOString() });
