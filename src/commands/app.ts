import { Command } from 'commander';
import type { Config } from '../config.js';
import { isUserId } from '../ids.js';
import {
  addApplicationSecret,
  listApplicationSecrets,
  removeApplicationSecret,
  resendAccounts,
  testApplication,
} from '../instances/application.js';
import { showInstance } from '../instances/instances.js';
import { allowsPrivateApplications, BY_CLI, withDatabase } from './context.js';
import { JSON_OPTION, type Json, printList, printOne } from './output.js';

/** `roster app`: the application that an instance tells of its changes. */
export function appCommand(config: Config): Command {
  const command = new Command('app')
    .description("look after an instance's application endpoint")
    .addHelpText('after', '\nExample:\n  $ roster app test acme');

  command
    .command('test <instance>')
    .description('send a signed test event, which changes nothing. Exit code 1 unless it is answered with a 2xx')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nThe endpoint is set by: roster instance set <instance> --application https://…\n\nExample:\n  $ roster app test acme',
    )
    .action(async (slug: string, options: Json) => {
      const { createDeliverer } = await import('../application/deliver.js');
      const deliverer = createDeliverer({ allowPrivate: await allowsPrivateApplications(config) });
      try {
        const delivery = await withDatabase(config, async (pool) => {
          const { slug: instance } = await showInstance(pool, slug);
          return testApplication(pool, deliverer, instance);
        });
        const { status, words, outcome, ms } = delivery;
        printOne(
          { status: status ?? null, words, milliseconds: ms },
          { answer: status ?? 'none', words, took: `${Math.round(ms)} ms` },
          options,
        );
        if (outcome !== 'done') process.exitCode = 1;
      } finally {
        await deliverer.close();
      }
    });

  command
    .command('resend <instance>')
    .description('tell the application of everybody anew, or of one user')
    .option('--user <id>', 'of this one alone')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster app resend acme --user 0190b2c4-1b2c-7000-8000-000000000001')
    .action(async (slug: string, options: Json & { user?: string }) => {
      const { user } = options;
      if (user !== undefined && !isUserId(user)) throw new Error(`--user "${user}" is no user id.`);
      const accounts = await withDatabase(config, async (pool) =>
        resendAccounts(pool, (await showInstance(pool, slug)).slug, user, BY_CLI),
      );
      printOne({ accounts }, { accounts }, options);
    });

  const secret = command
    .command('secret')
    .description('the secrets that sign what the application is told')
    .addHelpText('after', '\nExample:\n  $ roster app secret add acme');
  secret
    .command('list <instance>')
    .description('list them, without themselves')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster app secret list acme')
    .action(async (slug: string, options: Json) => {
      const secrets = await withDatabase(config, async (pool) =>
        listApplicationSecrets(pool, (await showInstance(pool, slug)).slug),
      );
      printList(secrets, { id: ({ id }) => id, created: ({ createdAt }) => createdAt }, options);
    });
  secret
    .command('add <instance>')
    .description('make a second one beside the first, shown this once; both sign until one is removed')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster app secret add acme')
    .action(async (slug: string, options: Json) => {
      const added = await withDatabase(config, async (pool) =>
        addApplicationSecret(pool, (await showInstance(pool, slug)).slug, BY_CLI),
      );
      printOne(added, { id: added.id, secret: added.secret }, options);
    });
  secret
    .command('remove <instance> <id>')
    .description('end one; the last one stays')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster app secret remove acme 0190b2c4-1b2c-7000-8000-000000000001')
    .action(async (slug: string, id: string, options: Json) => {
      await withDatabase(config, async (pool) =>
        removeApplicationSecret(pool, (await showInstance(pool, slug)).slug, id, BY_CLI),
      );
      printOne({ id, removed: true }, { id, removed: true }, options);
    });
  return command;
}
