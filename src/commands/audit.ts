import { Command } from 'commander';
import type { Config } from '../config.js';
import { verifyAudit } from '../directory/seals.js';
import { listInstances, showInstance } from '../instances/instances.js';
import { withDatabase } from './context.js';
import { JSON_OPTION, printList } from './output.js';

/** `roster audit`: the audit log and its chain. */
export function auditCommand(config: Config): Command {
  const command = new Command('audit').description('look after the audit log');
  command
    .command('verify [instance]')
    .description(
      'walk the chain of hashes: of one instance, or of all. Exit code 1 where a row is not as it was sealed',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nKeep the hash of the last row elsewhere: it proves later that nothing before it was changed.\n\nExample:\n  $ roster audit verify acme',
    )
    .action(async (slug: string | undefined, options: { json?: boolean }) => {
      const chains = await withDatabase(config, async (pool) => {
        const instances = slug === undefined ? await listInstances(pool) : [await showInstance(pool, slug)];
        const found = [];
        for (const instance of instances) {
          found.push({ instance: instance.slug, ...(await verifyAudit(pool, instance.slug)) });
        }
        return found;
      });
      printList(
        chains,
        {
          instance: ({ instance }) => instance,
          rows: ({ sealed }) => sealed,
          'last hash': ({ hash }) => hash,
          fault: ({ fault }) => fault ?? 'none',
        },
        options,
      );
      if (chains.some(({ fault }) => fault !== null)) process.exitCode = 1;
    });
  return command;
}
