import { Command } from 'commander';
import type { Config } from '../config.js';
import { migrate } from '../database/migrate.js';
import { registerSearchAttributes } from '../dispatch/register-search-attributes.js';
import { databaseUrl, temporalTarget } from './context.js';
import { print } from './output.js';

/** `roster migrate`: brings the database's schema and Temporal's search attributes up to this program. */
export const migrateCommand = (config: Config): Command =>
  new Command('migrate')
    .description("bring the database's schema and Temporal's search attributes up to date; repeats are harmless")
    .option('--skip-temporal', 'leave Temporal alone')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgresql://… TEMPORAL_ADDRESS=temporal:7233 roster migrate')
    .action(async (options: { skipTemporal?: boolean }) => {
      await migrate(await databaseUrl(config), print);
      print('The schema is up to date.');
      if (options.skipTemporal === true) return;
      const target = await temporalTarget(config);
      const registered = await registerSearchAttributes(target);
      for (const name of registered) print(`registered the search attribute ${name}`);
      print(`The search attributes of ${target.namespace} are up to date.`);
    });
