import { Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config.js';
import {
  createInstance,
  type Instance,
  type InstanceSettings,
  listInstances,
  setInstance,
  showInstance,
} from '../instances/instances.js';
import { BY_CLI, withDatabase } from './context.js';
import { JSON_OPTION, print, printList, printOne } from './output.js';

interface Json {
  readonly json?: boolean;
}

/** `roster instance`: create, list, show and set customers' copies of the application. */
export function instanceCommand(config: Config): Command {
  const command = new Command('instance').description('manage instances: one per copy of the application');

  command
    .command('create <slug>')
    .description('create an instance with its first coach, who is the default manager until another is chosen')
    .requiredOption('--coach <e-mail>', 'userName of the first coach')
    .option('--given-name <name>', "the coach's given name (otherwise from the e-mail)")
    .option('--family-name <name>', "the coach's family name")
    .option('--title <title>', "the coach's title")
    .option('--name <name>', 'name for people to read (otherwise the slug)')
    .option('--manager-wait <seconds>', 'how long a new user waits for an unknown manager', seconds)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster instance create acme --name "Acme Ltd" --coach ada@acme.example')
    .action(
      async (
        slug: string,
        options: Json & {
          coach: string;
          givenName?: string;
          familyName?: string;
          title?: string;
          name?: string;
          managerWait?: number;
        },
      ) => {
        const { coach: userName, givenName, familyName, title, name = slug, managerWait } = options;
        const created = await withDatabase(config, (pool) =>
          createInstance(
            pool,
            { slug, name, managerWaitSeconds: managerWait, coach: { userName, givenName, familyName, title } },
            BY_CLI,
          ),
        );
        show(created, options);
      },
    );

  command
    .command('list')
    .description('list all instances')
    .option(...JSON_OPTION)
    .action(async (options: Json) => {
      printList(await withDatabase(config, listInstances), columns, options);
    });

  command
    .command('show <slug>')
    .description('show one instance')
    .option(...JSON_OPTION)
    .action(async (slug: string, options: Json) => {
      show(await withDatabase(config, (pool) => showInstance(pool, slug)), options);
    });

  command
    .command('set <slug>')
    .description('change settings; what is not given stays')
    .option('--name <name>', 'name for people to read')
    .option(
      '--manager-wait <seconds>',
      'how long a new user waits for an unknown manager (running waits keep theirs)',
      seconds,
    )
    .option('--rate-limit <limit>', 'requests a second and at once for each SCIM token, as 100/1000, or off', rateLimit)
    .option('--log-bodies <minutes>', 'keep redacted bodies in the request log for so long; 0: none', minutes)
    .option('--create-users <on|off>', 'whether Okta may create users', onOrOff)
    .option('--update-attributes <on|off>', 'whether Okta may change attributes', onOrOff)
    .option(
      '--deactivate-users <on|off>',
      'whether Okta may end access; on again it ends for whom it was kept',
      onOrOff,
    )
    .option('--scim-roles <on|off>', 'whether the roles of SCIM set roles', onOrOff)
    .option('--application <url>', 'where its application is told of changes; a secret is made and shown this once')
    .option(
      '--application-secret <whsec_…>',
      'the secret to sign with, in place of one made here; another URL needs it',
    )
    .option('--no-application', 'tell nobody')
    .option('--default-manager <e-mail or id>', 'an active user whose role is manager or above')
    .option('--first-coach', 'make the first coach the default manager again')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExample:\n  $ roster instance set acme --default-manager bo@acme.example --manager-wait 120',
    )
    .action(
      async (
        slug: string,
        options: Json & {
          name?: string;
          managerWait?: number;
          rateLimit?: InstanceSettings['rateLimit'];
          logBodies?: Date | null;
          createUsers?: boolean;
          updateAttributes?: boolean;
          deactivateUsers?: boolean;
          scimRoles?: boolean;
          application?: string | false;
          applicationSecret?: string;
          defaultManager?: string;
          firstCoach?: boolean;
        },
      ) => {
        const { name, managerWait: managerWaitSeconds, rateLimit, logBodies: logBodiesUntil, scimRoles } = options;
        const { createUsers, updateAttributes, deactivateUsers } = options;
        const defaultManager = options.firstCoach === true ? null : options.defaultManager;
        const settings: InstanceSettings = {
          name,
          managerWaitSeconds,
          rateLimit,
          logBodiesUntil,
          defaultManager,
          scimRoles,
          application: applicationOf(options),
          switches: { createUsers, updateAttributes, deactivateUsers },
        };
        const changed = await withDatabase(config, (pool) => setInstance(pool, slug, settings, BY_CLI));
        show(changed, options);
        if (changed.secret !== undefined && options.json !== true) print(`secret  ${changed.secret}`);
      },
    );

  return command;
}

/** @throws Error in one line for what is no URL */
function applicationOf(options: {
  application?: string | false;
  applicationSecret?: string;
}): InstanceSettings['application'] {
  const { application: url, applicationSecret: secret } = options;
  if (url === false) return null;
  if (url === undefined) {
    if (secret !== undefined) throw new Error('--application-secret comes with --application <url>.');
    return undefined;
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(`--application "${url}" is no URL; give one such as https://app.example/roster.`);
  }
  return { url, secret };
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
  application: ({ application }: Instance) => application?.url ?? 'none',
  'switched off': ({ switches }: Instance) =>
    Object.entries(switches)
      .flatMap(([name, isOn]) => (isOn ? [] : [name]))
      .join(', '),
  created: (instance: Instance) => instance.createdAt,
};

const show = (instance: Instance, options: Json): void =>
  printOne(
    instance,
    Object.fromEntries(Object.entries(columns).map(([name, cell]) => [name, cell(instance)])),
    options,
  );

function rateLimit(text: string): InstanceSettings['rateLimit'] {
  if (text === 'off') return null;
  const [, perSecond, burst] = /^(\d{1,6})\/(\d{1,7})$/.exec(text) ?? [];
  if (!Number(perSecond) || !Number(burst)) throw new InvalidArgumentError('Two whole numbers as 100/1000, or off.');
  return { perSecond: Number(perSecond), burst: Number(burst) };
}

const onOrOff = (text: string): boolean => {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('on or off.');
  return text === 'on';
};

/** The moment so many minutes from now; null for none. */
function minutes(text: string): Date | null {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 1_440) {
    throw new InvalidArgumentError('A whole number of minutes from 0 to 1440.');
  }
  return number === 0 ? null : new Date(Date.now() + number * 60_000);
}

function seconds(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 86_400) {
    throw new InvalidArgumentError('A whole number of seconds from 0 to 86400.');
  }
  return number;
}
