import { Command } from 'commander';
import type pg from 'pg';
import type { Config } from '../config.js';
import { verifyAudit } from '../directory/seals.js';
import { INSTALLATION, type InstanceId } from '../ids.js';
import { listInstances, showInstance } from '../instances/instances.js';
import { withDatabase } from './context.js';
import { JSON_OPTION, printList } from './output.js';

/** `roster audit`: the audit log and its chain. */
export function auditCommand(config: Config): Command {
  const command = new Command('audit').description('look after the audit log');
  command
    .command('verify [instance]')
    .description(
      `walk the chain of hashes: of one instance, or of all and of the installation itself, shown as "${INSTALLATION}". Exit code 1 where a row is not as it was sealed`,
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\n"${INSTALLATION}" is the chain of no instance: the operator tokens that were issued and revoked.\nKeep the hash of the last row elsewhere: it proves later that nothing before it was changed.\n\nExample:\n  $ roster audit verify acme`,
    )
    .action(async (slug: string | undefined, options: { json?: boolean }) => {
      const chains = await withDatabase(config, async (pool) => {
        const found = [];
        for (const instance of await chainsOf(pool, slug)) {
          found.push({ instance, ...(await verifyAudit(pool, instance)) });
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

/** Whose chains are meant: those of all where nobody is named. @throws RefusedError `instance_unknown` */
async function chainsOf(pool: pg.Pool, slug: string | undefined): Promise<InstanceId[]> {
  if (slug === undefined) return [INSTALLATION, ...(await listInstances(pool)).map((instance) => instance.slug)];
  return [slug === INSTALLATION ? INSTALLATION : (await showInstance(pool, slug)).slug];
}
