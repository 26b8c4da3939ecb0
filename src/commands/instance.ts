import { Command, Option } from 'commander';
import type { Config } from '../config.js';
import {
  type ChangedInstance,
  createInstance,
  type Instance,
  listInstances,
  setInstance,
  showInstance,
} from '../instances/instances.js';
import { allowsPrivateApplications, BY_CLI, withDatabase } from './context.js';
import { type SettingOptions, settingsOf, withSettings } from './instance-settings.js';
import { JSON_OPTION, type Json, print, printList, printOne } from './output.js';
import { label } from './texts.js';

/** `roster instance`: create, list, show and set customers' copies of the application. */
export function instanceCommand(config: Config): Command {
  const command = new Command('instance')
    .description('manage instances: one per copy of the application')
    .addHelpText('after', '\nExample:\n  $ roster instance create acme --name "Acme Ltd" --coach ada@acme.example');

  withSettings(command.command('create <slug>'))
    .description('create an instance with its first coach, who is the default manager until another is chosen')
    .requiredOption('--coach <e-mail>', 'userName of the first coach')
    .option('--given-name <name>', "the coach's given name (otherwise from the e-mail)")
    .option('--family-name <name>', "the coach's family name")
    .option('--title <title>', "the coach's title")
    .option('--name <name>', 'name for people to read (otherwise the slug)', label)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster instance create acme --name "Acme Ltd" --coach ada@acme.example')
    .action(
      async (
        slug: string,
        options: Json &
          SettingOptions & { coach: string; givenName?: string; familyName?: string; title?: string; name?: string },
      ) => {
        const { coach: userName, givenName, familyName, title, name = slug } = options;
        const settings = settingsOf(options, await allowsPrivateApplications(config));
        const instance = { ...settings, slug, name, coach: { userName, givenName, familyName, title } };
        showChanged(await withDatabase(config, (pool) => createInstance(pool, instance, BY_CLI)), options);
      },
    );

  command
    .command('list')
    .description('list all instances')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster instance list')
    .action(async (options: Json) => {
      printList(await withDatabase(config, listInstances), columns, options);
    });

  command
    .command('show <slug>')
    .description('show one instance')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster instance show acme')
    .action(async (slug: string, options: Json) => {
      show(await withDatabase(config, (pool) => showInstance(pool, slug)), options);
    });

  withSettings(command.command('set <slug>'))
    .description('change settings; what is not given stays')
    .option('--name <name>', 'name for people to read', label)
    .option('--default-manager <e-mail or id>', 'an active user whose role is manager or above')
    .addOption(
      new Option('--first-coach', 'make the first coach the default manager again').conflicts('defaultManager'),
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExample:\n  $ roster instance set acme --default-manager bo@acme.example --manager-wait 120',
    )
    .action(
      async (
        slug: string,
        options: Json & SettingOptions & { name?: string; defaultManager?: string; firstCoach?: boolean },
      ) => {
        const { name } = options;
        const defaultManager = options.firstCoach === true ? null : options.defaultManager;
        const given = settingsOf(options, await allowsPrivateApplications(config));
        const settings = { ...given, name, defaultManager };
        showChanged(await withDatabase(config, (pool) => setInstance(pool, slug, settings, BY_CLI)), options);
      },
    );

  return command;
}

const managerOf = ({ defaultManager }: Instance): string =>
  defaultManager === null
    ? 'nobody until a coach is provisioned'
    : `${defaultManager.userName} (${defaultManager.explicit ? 'chosen' : 'first coach'})`;

const columns = {
  slug: (instance: Instance) => instance.slug,
  name: (instance: Instance) => instance.name,
  'default manager': managerOf,
  'manager wait': (instance: Instance) => `${instance.managerWaitSeconds} s`,
  'rate limit': ({ rateLimit: limit }: Instance) =>
    limit === null ? 'off' : `${limit.perSecond}/s, ${limit.burst} at once`,
  brake: ({ brake }: Instance) =>
    brake === null ? 'off' : `${brake.percent} %, at least ${brake.minimum}, in ${brake.windowMinutes} min`,
  application: ({ application }: Instance) => application?.url ?? 'none',
  'switched off': ({ switches }: Instance) =>
    Object.entries(switches)
      .flatMap(([name, isOn]) => (isOn ? [] : [name]))
      .join(', '),
  'scim roles': ({ scimRoles }: Instance) => (scimRoles ? 'on' : 'off'),
  'bodies logged until': ({ logBodiesUntil }: Instance) => logBodiesUntil,
  created: (instance: Instance) => instance.createdAt,
};

const show = (instance: Instance, options: Json): void =>
  printOne(
    instance,
    Object.fromEntries(Object.entries(columns).map(([name, cell]) => [name, cell(instance)])),
    options,
  );

/** A secret that was made is shown this once. */
function showChanged(changed: ChangedInstance, options: Json): void {
  show(changed, options);
  if (changed.secret !== undefined && options.json !== true) print(`secret  ${changed.secret}`);
}
