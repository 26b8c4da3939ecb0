import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { run, type Statement, transaction, within } from '../database/pool.js';
import { refusalOf } from '../directory/constraints.js';
import type { Actor } from '../directory/users.js';
import { insertUsers } from '../directory/write-users.js';
import { instanceUnknown, RefusedError } from '../errors.js';
import { type InstanceId, isInstanceId, newUserId } from '../ids.js';
import { newUser } from '../scim/asserted-user.js';
import { withDerivedNames } from '../scim/protocol/derived-names.js';
import { readResource } from '../scim/protocol/resource.js';
import { resourceTypes } from '../scim/protocol/schema.js';
import { type RateLimit, REMEMBERED_MS } from './authenticate-token.js';
import { applySettings, type Brake, type InstanceSettings } from './settings.js';
import { SWITCHES, type Switches } from './switches.js';

/** A customer's copy of the application, and what is set of it. */
export interface Instance {
  readonly slug: InstanceId;
  readonly name: string;
  readonly managerWaitSeconds: number;
  /** How much each SCIM token may ask; null for any. */
  readonly rateLimit: RateLimit | null;
  /** Until when the request log keeps redacted bodies. */
  readonly logBodiesUntil: Date | null;
  readonly switches: Switches;
  /** Rule 11: whether the roles of SCIM set roles. */
  readonly scimRoles: boolean;
  /** Rule 12; null for none. */
  readonly brake: Brake | null;
  /** Where its application is told of changes. */
  readonly application: { readonly url: string } | null;
  /** Rule 5: who it is now, and whether somebody chose them. */
  readonly defaultManager: { readonly id: string; readonly userName: string; readonly explicit: boolean } | null;
  readonly createdAt: Date;
}

/** As it is after a change, with the secret of its application where one was made: it is shown this once. */
export type ChangedInstance = Instance & { readonly secret?: string | undefined };

/** A new instance: its first coach, who is the default manager until another is chosen, and any of the settings. */
export interface NewInstance extends Omit<InstanceSettings, 'defaultManager'> {
  readonly slug: string;
  readonly name: string;
  readonly coach: {
    readonly userName: string;
    readonly givenName?: string | undefined;
    readonly familyName?: string | undefined;
    readonly title?: string | undefined;
  };
}

/**
 * Creates an instance with its first coach, who is a user like any other and is provisioned by a run of its own.
 * @throws RefusedError `invalid_slug`, `instance_exists`; ScimError where the coach's userName is not acceptable; UnavailableError
 */
export async function createInstance(pool: pg.Pool, instance: NewInstance, by: Actor): Promise<ChangedInstance> {
  const { slug, coach, ...settings } = instance;
  if (!isInstanceId(slug)) {
    throw new RefusedError('invalid_slug', 'A slug is 1 to 40 characters of a-z, 0-9 and hyphens, none at either end.');
  }
  const user = newUser(
    newUserId(),
    withDerivedNames(
      readResource(resourceTypes.User, {
        userName: coach.userName,
        name: { givenName: coach.givenName, familyName: coach.familyName },
        title: coach.title,
      }),
    ),
  );
  const secret = await transaction(pool, async (client) => {
    await client
      .query('insert into instances (id, name) values ($1, $2)', [slug, settings.name])
      .catch((error: unknown) => {
        throw refusalOf(error);
      });
    const made = await applySettings(client, slug, settings, by);
    await audit(client, slug, 'instance.create', made.names, by);
    await insertUsers(within(client), [{ instance: slug, user, by }]);
    await client.query(`update accounts set role = 'coach', coach_since = now() where instance_id = $1 and id = $2`, [
      slug,
      user.id,
    ]);
    return made.secret;
  });
  return { ...(await showInstance(pool, slug)), secret };
}

const audit = (
  client: pg.PoolClient,
  instance: InstanceId,
  action: string,
  changed: string,
  by: Actor,
): Promise<unknown> =>
  client.query(
    `insert into audit_log (instance_id, actor, action, changed, outcome, request_id) values ($1, $2, $3, $4, 'accepted', $5)`,
    [instance, by.actor, action, changed, by.requestId],
  );

const INSTANCE_COLUMNS = `
  select i.id as slug, i.name, i.manager_wait_seconds as "managerWaitSeconds", i.rate_limit as "rateLimit",
    i.log_bodies_until as "logBodiesUntil", i.scim_roles as "scimRoles", i.brake, ${SWITCHES} as switches,
    case when i.application_url is not null then json_build_object('url', i.application_url) end as application,
    i.created_at as "createdAt",
    a.id as manager_id, a.user_name as manager_name, i.default_manager_id is not distinct from a.id as explicit
  from instances i left join accounts a on a.instance_id = i.id and a.id = default_manager(i.id)`;
const LIST: Statement = { name: 'list_instances', text: `${INSTANCE_COLUMNS} order by i.id` };
const SHOW: Statement = { name: 'show_instance', text: `${INSTANCE_COLUMNS} where i.id = $1` };

type InstanceRow = Omit<Instance, 'defaultManager'> & {
  manager_id: string | null;
  manager_name: string | null;
  explicit: boolean;
};

const toInstance = ({ manager_id, manager_name, explicit, ...row }: InstanceRow): Instance => ({
  ...row,
  defaultManager: manager_id === null ? null : { id: manager_id, userName: manager_name ?? '', explicit },
});

/** Every instance, by slug. @throws UnavailableError */
export async function listInstances(pool: pg.Pool): Promise<Instance[]> {
  return (await run<InstanceRow>(pool, LIST, [])).map(toInstance);
}

/** One instance. @throws RefusedError `instance_unknown`; UnavailableError */
export async function showInstance(pool: pg.Pool, slug: string): Promise<Instance> {
  const [row] = await run<InstanceRow>(pool, SHOW, [slug]);
  if (row === undefined) throw instanceUnknown(slug);
  return toInstance(row);
}

/**
 * Changes an instance's settings. A new default manager is an active account whose role is manager or above (rule 5);
 * whom the change concerns is moved by the instance's own run. Waits that run keep their deadline. With the switch
 * deactivateUsers on again, the access of whom it kept active ends in the same transaction (rule 9). Servers remember switches for a
 * second: it resolves when whatever is asked from then on goes by the new ones.
 * @returns the instance, and the secret of its application where one was made: it is shown this once.
 * @throws RefusedError `instance_unknown`, `default_manager_refused`; UnavailableError
 */
export async function setInstance(
  pool: pg.Pool,
  slug: string,
  settings: InstanceSettings,
  by: Actor,
): Promise<ChangedInstance> {
  const secret = await transaction(pool, async (client) => {
    await client.query('select lock_instance($1)', [slug]);
    const { rows } = await client.query<{ id: InstanceId }>(
      'select id from instances where id = $1 for no key update',
      [slug],
    );
    const [known] = rows;
    if (known === undefined) throw instanceUnknown(slug);
    const said = Object.values({ ...settings, ...settings.switches, switches: undefined });
    if (said.every((value) => value === undefined)) return undefined;
    const made = await applySettings(client, known.id, settings, by);
    await audit(client, known.id, 'instance.set', made.names, by);
    return made.secret;
  });
  if (settings.switches !== undefined) await delay(REMEMBERED_MS);
  return { ...(await showInstance(pool, slug)), secret };
}
