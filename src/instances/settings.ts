import type pg from 'pg';
import type { Actor } from '../directory/users.js';
import { RefusedError } from '../errors.js';
import { type InstanceId, isUserId } from '../ids.js';
import { foldUserName } from '../scim/protocol/resource.js';
import { type NewApplication, setApplication } from './application.js';
import type { RateLimit } from './authenticate-token.js';
import type { Switches } from './switches.js';

/**
 * Rule 12: unassigning more than `minimum` people, and more than `percent` of the active accounts, within `windowMinutes` holds the
 * later ones.
 */
export interface Brake {
  readonly percent: number;
  readonly minimum: number;
  readonly windowMinutes: number;
}

/** What can be set of an instance; what is left out stays. */
export interface InstanceSettings {
  readonly name?: string | undefined;
  readonly managerWaitSeconds?: number | undefined;
  /** What is left out of them stays too. */
  readonly switches?: { readonly [Name in keyof Switches]?: boolean | undefined } | undefined;
  readonly scimRoles?: boolean | undefined;
  /** Null for none. */
  readonly brake?: Brake | null | undefined;
  /** Null for none. */
  readonly application?: NewApplication | null | undefined;
  /** Null for none. */
  readonly rateLimit?: RateLimit | null | undefined;
  readonly logBodiesUntil?: Date | null | undefined;
  /** An account's id or a userName; null goes back to the first coach. */
  readonly defaultManager?: string | null | undefined;
}

/** So many users a statement is about: each has its time. */
const AT_ONCE = 1_000;

/** The column that each setting is stored in as it is. */
const columnsOf = (settings: InstanceSettings): readonly (readonly [column: string, value: unknown])[] => [
  ['name', settings.name],
  ['manager_wait_seconds', settings.managerWaitSeconds],
  ['rate_limit', settings.rateLimit],
  ['log_bodies_until', settings.logBodiesUntil],
  ['scim_roles', settings.scimRoles],
  ['brake', settings.brake],
  ['create_users', settings.switches?.createUsers],
  ['update_attributes', settings.switches?.updateAttributes],
  ['deactivate_users', settings.switches?.deactivateUsers],
];

/** The names of what is set, as the audit log keeps them: never what it is set to. */
function namesOf({ switches, application, ...settings }: InstanceSettings, made: string | undefined): string {
  const given = Object.entries({
    ...settings,
    ...Object.fromEntries(Object.entries(switches ?? {}).map(([name, value]) => [`switches.${name}`, value])),
    'application.url': application === null ? null : application?.url,
    'application.secret': application?.secret ?? made,
  });
  return given.flatMap(([name, value]) => (value === undefined ? [] : [name])).join(',');
}

/**
 * Writes what is set of an instance, inside the transaction that holds its row, and what follows from it: who was kept active by a
 * switch that is on again is suspended, a new default manager kicks the instance's run, which moves whom it concerns.
 * @returns the names of what was set, with commas between them, and the secret of its application where one was made: it is shown
 *   this once.
 * @throws RefusedError `default_manager_refused`, `application_secret_needed`, `invalid_application`
 */
export async function applySettings(
  client: pg.PoolClient,
  instance: InstanceId,
  settings: InstanceSettings,
  by: Actor,
): Promise<{ readonly names: string; readonly secret: string | undefined }> {
  const { defaultManager, application } = settings;
  const chosen = typeof defaultManager === 'string' ? await defaultManagerId(client, instance, defaultManager) : null;
  const given = [
    ...columnsOf(settings),
    ['default_manager_id', defaultManager === undefined ? undefined : chosen] as const,
  ].filter(([, value]) => value !== undefined);
  if (given.length > 0) {
    await client.query(
      `update instances set ${given.map(([column], at) => `${column} = $${at + 2}`).join(', ')} where id = $1`,
      [instance, ...given.map(([, value]) => value)],
    );
  }
  if (settings.switches?.deactivateUsers === true) {
    const page = [instance, AT_ONCE, by.actor, by.requestId];
    // All in this transaction, a statement each for some of them; whom Okta changes at that moment the next one finds.
    while (((await client.query('select release_kept($1, null, $2, $3, $4)', page)).rowCount ?? 0) > 0);
  }
  if (defaultManager !== undefined) await client.query('select kick_instance($1, $2)', [instance, by.source]);
  const secret = application === undefined ? undefined : await setApplication(client, instance, application);
  return { names: namesOf(settings, secret), secret };
}

async function defaultManagerId(client: pg.PoolClient, slug: string, idOrUserName: string): Promise<string> {
  const found = await client.query<{ id: string; status: string; role: string }>(
    `select a.id, a.status, a.role from accounts a join users u on u.instance_id = a.instance_id and u.id = a.id
     where a.instance_id = $1 and ${isUserId(idOrUserName) ? 'a.id' : 'u.user_name_key'} = $2 and u.deleted_at is null`,
    [slug, isUserId(idOrUserName) ? idOrUserName : foldUserName(idOrUserName)],
  );
  const [account] = found.rows;
  const refuse = (why: string) =>
    new RefusedError('default_manager_refused', `${idOrUserName} can't be the default manager: ${why}.`);
  if (account === undefined) throw refuse('there is no such account in this instance');
  if (account.status !== 'active') throw refuse(`the account is ${account.status}, and must be active`);
  if (account.role === 'individual') throw refuse('the role is individual, and must be manager, publisher or coach');
  return account.id;
}
