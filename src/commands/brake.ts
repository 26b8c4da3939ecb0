import { Command } from 'commander';
import type { Config } from '../config.js';
import { showInstance } from '../instances/instances.js';
import { actOnInstance, type InstanceAction } from '../instances/operator-actions.js';
import { BY_CLI, withDatabase } from './context.js';
import { JSON_OPTION, printOne } from './output.js';
import { reason } from './texts.js';

/** `roster brake`: what to do with deactivations that are held because too many came at once. */
export function brakeCommand(config: Config): Command {
  const command = new Command('brake')
    .description('decide on deactivations that the brake holds (roster stuck --held shows them)')
    .addHelpText('after', '\nExample:\n  $ roster brake release acme --why "checked with their Okta administrator"');
  const decision = (name: string, action: InstanceAction, description: string): void => {
    command
      .command(`${name} <instance>`)
      .description(description)
      .requiredOption('--why <reason>', 'for the audit log', reason)
      .option(...JSON_OPTION)
      .addHelpText('after', `\nExample:\n  $ roster brake ${name} acme --why "checked with their Okta administrator"`)
      .action(async (slug: string, options: { why: string; json?: boolean }) => {
        const accounts = await withDatabase(config, async (pool) => {
          const { slug: instance } = await showInstance(pool, slug);
          return actOnInstance(pool, instance, action, undefined, options.why, BY_CLI);
        });
        printOne({ accounts }, { accounts }, options);
      });
  };
  decision('release', 'releaseHeld', 'let all who are held go on: reports are handed over, teams are left');
  decision('revert', 'revertHeld', 'give all who are held their access back; SCIM shows them active');
  return command;
}
