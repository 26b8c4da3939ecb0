import { Command, Option } from 'commander';
import type pg from 'pg';
import type { Config } from '../config.js';
import { auditPages, deactivationPages, exported, FORMATS } from '../directory/audit-export.js';
import { verifyAudit } from '../directory/seals.js';
import { INSTALLATION, type InstanceId } from '../ids.js';
import { listInstances, showInstance } from '../instances/instances.js';
import { withDatabase } from './context.js';
import { moment } from './moment.js';
import { JSON_OPTION, note, printList } from './output.js';

/** `roster audit`: the audit log and its chain. */
export function auditCommand(config: Config): Command {
  const command = new Command('audit')
    .description('look after the audit log')
    .addHelpText('after', '\nExample:\n  $ roster audit verify acme');
  command
    .command('verify [instance]')
    .description(
      `walk the chain of hashes: of one instance, or of all and of the installation itself, shown as "${INSTALLATION}". Exit code 1 where a row is not as it was sealed`,
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\n"${INSTALLATION}" is the chain of no instance: the operator tokens that were issued and revoked, and what was refused of no instance.\nKeep the hash of the last row elsewhere: it proves later that nothing before it was changed.\n\nExample:\n  $ roster audit verify acme`,
    )
    .action(async (slug: string | undefined, options: { json?: boolean }) => {
      const chains = await withDatabase(config, async (pool) => {
        const found = [];
        for (const instance of await chainsOf(pool, slug)) {
          const onProgress = (rows: number) => note(`${instance}: ${rows} rows are as they were sealed`);
          found.push({ instance, ...(await verifyAudit(pool, instance, onProgress)) });
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

  command
    .command('export <instance>')
    .description(
      'write the evidence of each deactivation of a period: received, committed, access off, application told, still open',
    )
    .requiredOption('--from <date>', 'first moment, as 2026-01-01 or with a time (UTC unless told)', moment)
    .option('--to <date>', 'moment that is not included any more; now unless told', moment)
    .addOption(new Option('--format <format>', 'how it is written').choices(FORMATS).default('csv'))
    .option('--rows', 'the rows of the audit log instead, the newest first')
    .addHelpText('after', '\nExample:\n  $ roster audit export acme --from 2026-10-01 --to 2026-11-01 > october.csv')
    .action(
      async (slug: string, options: { from: Date; to?: Date; format: (typeof FORMATS)[number]; rows?: boolean }) => {
        await withDatabase(config, async (pool) => {
          const { slug: instance } = await showInstance(pool, slug);
          const { from, to = new Date(), format } = options;
          const pages =
            options.rows === true
              ? auditPages(pool, instance, { from, to })
              : deactivationPages(pool, instance, { from, to });
          for await (const text of exported(pages, format)) process.stdout.write(text);
        });
      },
    );
  return command;
}

/** Whose chains are meant: those of all where nobody is named. @throws RefusedError `instance_unknown` */
async function chainsOf(pool: pg.Pool, slug: string | undefined): Promise<InstanceId[]> {
  if (slug === undefined) return [INSTALLATION, ...(await listInstances(pool)).map((instance) => instance.slug)];
  return [slug === INSTALLATION ? INSTALLATION : (await showInstance(pool, slug)).slug];
}
