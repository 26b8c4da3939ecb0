import { Command } from 'commander';
import type { Config } from '../config.js';
import type { TemporalTarget } from '../dispatch/temporal-client.js';
import { databaseUrl, temporalTarget } from './context.js';
import { JSON_OPTION, type Json, note, print } from './output.js';

/** `roster migrate`: brings the database's schema and Temporal's search attributes up to this program. */
export const migrateCommand = (config: Config): Command =>
  new Command('migrate')
    .description("bring the database's schema and Temporal's search attributes up to date; repeats are harmless")
    .option('--skip-temporal', 'leave Temporal alone')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgresql://… TEMPORAL_ADDRESS=temporal:7233 roster migrate')
    .action(async ({ skipTemporal = false, json = false }: Json & { skipTemporal?: boolean }) => {
      const say = json ? note : print;
      const url = await databaseUrl(config);
      const { migrate, schemaState } = await import('../database/migrate.js');
      const { missing } = await schemaState(url);
      await migrate(url, say);
      say('The schema is up to date.');
      const registered = skipTemporal ? null : await register(await temporalTarget(config), say);
      // What was missing, whichever of two that run at once has put it there.
      if (json) print(JSON.stringify({ migrations: missing, searchAttributes: registered }, null, 2));
    });

async function register(target: TemporalTarget, say: (line: string) => void): Promise<string[]> {
  const { registerSearchAttributes } = await import('../dispatch/register-search-attributes.js');
  const registered = await registerSearchAttributes(target);
  for (const name of registered) say(`registered the search attribute ${name}`);
  say(`The search attributes of ${target.namespace} are up to date.`);
  return registered;
}
