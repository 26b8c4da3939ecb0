import { type Command, InvalidArgumentError } from 'commander';
import { endpointUrl } from '../application/endpoint-url.js';
import type { InstanceSettings } from '../instances/settings.js';
import { wholeNumber } from './whole-number.js';

/** What the options of `withSettings` come to. */
export interface SettingOptions {
  readonly managerWait?: number;
  readonly rateLimit?: InstanceSettings['rateLimit'];
  readonly logBodies?: Date | null;
  readonly createUsers?: boolean;
  readonly updateAttributes?: boolean;
  readonly deactivateUsers?: boolean;
  readonly scimRoles?: boolean;
  readonly brake?: InstanceSettings['brake'];
  readonly application?: string | false;
  readonly applicationSecret?: string;
}

/** Gives a command the options of everything that can be set of an instance, new or not. */
export const withSettings = (command: Command): Command =>
  command
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
    .option(
      '--brake <limit>',
      'hold who is unassigned beyond this, as percent/minimum/minutes (20/10/10), or off',
      brake,
    )
    .option('--application <url>', 'where its application is told of changes; a secret is made and shown this once')
    .option(
      '--application-secret <whsec_…>',
      'the secret to sign with, in place of one made here; another URL needs it',
    )
    .option('--no-application', 'tell nobody');

/**
 * The settings that were given.
 * @param allowPrivate whether an application may be in a private network, and be reached without TLS
 * @throws Error in one line for what cannot be an endpoint
 */
export const settingsOf = (options: SettingOptions, allowPrivate: boolean): InstanceSettings => ({
  managerWaitSeconds: options.managerWait,
  rateLimit: options.rateLimit,
  logBodiesUntil: options.logBodies,
  scimRoles: options.scimRoles,
  brake: options.brake,
  switches: {
    createUsers: options.createUsers,
    updateAttributes: options.updateAttributes,
    deactivateUsers: options.deactivateUsers,
  },
  application: applicationOf(options, allowPrivate),
});

function applicationOf(
  { application: url, applicationSecret: secret }: SettingOptions,
  allowPrivate: boolean,
): InstanceSettings['application'] {
  if (url === false) return null;
  if (url !== undefined) return { url: endpointUrl(url, allowPrivate), secret };
  if (secret !== undefined) throw new Error('--application-secret comes with --application <url>.');
  return undefined;
}

function rateLimit(text: string): InstanceSettings['rateLimit'] {
  if (text === 'off') return null;
  const [, perSecond, burst] = /^(\d{1,6})\/(\d{1,7})$/.exec(text) ?? [];
  if (!Number(perSecond) || !Number(burst)) throw new InvalidArgumentError('Two whole numbers as 100/1000, or off.');
  return { perSecond: Number(perSecond), burst: Number(burst) };
}

function brake(text: string): InstanceSettings['brake'] {
  if (text === 'off') return null;
  const [percent = 101, minimum = 0, windowMinutes = 0] = (/^(\d{1,3})\/(\d{1,6})\/(\d{1,4})$/.exec(text) ?? [])
    .slice(1)
    .map(Number);
  if (percent > 100 || windowMinutes < 1 || windowMinutes > 1_440) {
    throw new InvalidArgumentError('Percent, minimum and minutes (1 to 1440) as 20/10/10, or off.');
  }
  return { percent, minimum, windowMinutes };
}

function onOrOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('on or off.');
  return text === 'on';
}

/** The moment so many minutes from now; null for none. */
function minutes(text: string): Date | null {
  const number = wholeNumber(0, 1_440, 'minutes')(text);
  return number === 0 ? null : new Date(Date.now() + number * 60_000);
}

const seconds = wholeNumber(0, 86_400, 'seconds');
