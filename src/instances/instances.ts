import type pg from 'pg';
import { run, type Statement, transaction, within } from '../database/pool.js';
import { refusalOf } from '../directory/constraints.js';
import type { Actor } from '../directory/users.js';
import { insertUsers } from '../directory/write-users.js';
import { RefusedError } from '../errors.js';
import { type InstanceId, isInstanceId, newUserId } from '../ids.js';
import { newUser } from '../scim/asserted-user.js';
import { withDerivedNames } from '../scim/protocol/derived-names.js';
import { foldUserName, readResource } from '../scim/protocol/resource.js';
import { resourceTypes } from '../scim/protocol/schema.js';
import { type NewApplication, setApplication } from './application.js';
import type { RateLimit } from './authenticate-token.js';
import { SWITCHES, type Switches } from './switches.js';

/** A customer's copy of the application. */
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
  /** Where its application is told of changes. */
  readonly application: { readonly url: string } | null;
  /** Rule 5: who it is now, and whether somebody chose them. */
  readonly defaultManager: { readonly id: string; readonly userName: string; readonly explicit: boolean } | null;
  readonly createdAt: Date;
}

export interface NewInstance {
  readonly slug: string;
  readonly name: string;
  readonly managerWaitSeconds?: number | undefined;
  /** 100 a second and 1,000 at once unless told. */
  readonly rateLimit?: RateLimit | null | undefined;
  /** The first coach, who is the default manager until another is chosen. */
  readonly coach: {
    readonly userName: string;
    readonly givenName?: string | undefined;
    readonly familyName?: string | undefined;
    readonly title?: string | undefined;
  };
}

/** What can be set of an instance; what is left out stays. */
export interface InstanceSettings {
  readonly name?: string | undefined;
  readonly managerWaitSeconds?: number | undefined;
  /** What is left out of them stays too. */
  readonly switches?: { readonly [Name in keyof Switches]?: boolean | undefined } | undefined;
  readonly scimRoles?: boolean | undefined;
  /** Null for none. */
  readonly application?: NewApplication | null | undefined;
  /** Null for none. */
  readonly rateLimit?: RateLimit | null | undefined;
  readonly logBodiesUntil?: Date | null | undefined;
  /** An account's id or a userName; null goes back to the first coach. */
  readonly defaultManager?: string | null | undefined;
}

const DEFAULT_MANAGER_WAIT_SECONDS = 60;
const DEFAULT_RATE_LIMIT: RateLimit = { perSecond: 100, burst: 1_000 };

/**
 * Creates an instance with its first coach, who is a user like any other and is provisioned by a run of its own.
 * @throws RefusedError `invalid_slug`, `instance_exists`; ScimError where the coach's userName is not acceptable
 */
export async function createInstance(pool: pg.Pool, instance: NewInstance, by: Actor): Promise<Instance> {
  const { slug, name, managerWaitSeconds = DEFAULT_MANAGER_WAIT_SECONDS, coach } = instance;
  const { rateLimit = DEFAULT_RATE_LIMIT } = instance;
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
  await transaction(pool, async (client) => {
    try {
      await client.query('insert into instances (id, name, manager_wait_seconds, rate_limit) values ($1, $2, $3, $4)', [
        slug,
        name,
        managerWaitSeconds,
        rateLimit,
      ]);
    } catch (error) {
      throw refusalOf(error);
    }
    await client.query(
      `insert into audit_log (instance_id, actor, action, outcome, request_id) values ($1, $2, 'instance.create', 'accepted', $3)`,
      [slug, by.actor, by.requestId],
    );
    await insertUsers(within(client), [{ instance: slug, user, by }]);
    await client.query(`update accounts set role = 'coach', coach_since = now() where instance_id = $1 and id = $2`, [
      slug,
      user.id,
    ]);
  });
  return showInstance(pool, slug);
}

const INSTANCE_COLUMNS = `
  select i.id as slug, i.name, i.manager_wait_seconds as "managerWaitSeconds", i.rate_limit as "rateLimit",
    i.log_bodies_until as "logBodiesUntil", i.scim_roles as "scimRoles", ${SWITCHES} as switches,
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

/** Every instance, by slug. */
export async function listInstances(pool: pg.Pool): Promise<Instance[]> {
  return (await run<InstanceRow>(pool, LIST, [])).map(toInstance);
}

/** One instance. @throws RefusedError `instance_unknown` */
export async function showInstance(pool: pg.Pool, slug: string): Promise<Instance> {
  const [row] = await run<InstanceRow>(pool, SHOW, [slug]);
  if (row === undefined) throw new RefusedError('instance_unknown', `There is no instance ${slug}.`);
  return toInstance(row);
}

/**
 * Changes an instance's settings. A new default manager is an active account whose role is manager or above (rule 5);
 * whom the change concerns is moved by the instance's own run. Waits that run keep their deadline. With the switch
 * deactivateUsers on again, the access of whom it kept active ends in the same transaction (rule 9).
 * @returns the instance, and the secret of its application where one was made: it is shown this once.
 * @throws RefusedError `instance_unknown`, `default_manager_refused`
 */
export async function setInstance(
  pool: pg.Pool,
  slug: string,
  settings: InstanceSettings,
  by: Actor,
): Promise<Instance & { readonly secret?: string | undefined }> {
  const { name, managerWaitSeconds, rateLimit, logBodiesUntil, defaultManager, scimRoles, switches = {} } = settings;
  const secret = await transaction(pool, async (client) => {
    await client.query('select lock_instance($1)', [slug]);
    const { rows } = await client.query<{ id: InstanceId }>(
      'select id from instances where id = $1 for no key update',
      [slug],
    );
    const [known] = rows;
    if (known === undefined) throw new RefusedError('instance_unknown', `There is no instance ${slug}.`);
    const said = Object.values({ ...settings, ...switches, switches: undefined });
    if (said.every((value) => value === undefined)) return undefined;
    const chosen = typeof defaultManager === 'string' ? await defaultManagerId(client, slug, defaultManager) : null;
    await client.query(
      `update instances set name = coalesce($2, name), manager_wait_seconds = coalesce($3, manager_wait_seconds),
         default_manager_id = case when $4 then $5 else default_manager_id end,
         rate_limit = case when $6 then $7 else rate_limit end,
         log_bodies_until = case when $8 then $9 else log_bodies_until end,
         create_users = coalesce($10, create_users), update_attributes = coalesce($11, update_attributes),
         deactivate_users = coalesce($12, deactivate_users), scim_roles = coalesce($13, scim_roles)
       where id = $1`,
      [
        slug,
        name ?? null,
        managerWaitSeconds ?? null,
        defaultManager !== undefined,
        chosen,
        rateLimit !== undefined,
        rateLimit ?? null,
        logBodiesUntil !== undefined,
        logBodiesUntil ?? null,
        switches.createUsers ?? null,
        switches.updateAttributes ?? null,
        switches.deactivateUsers ?? null,
        scimRoles ?? null,
      ],
    );
    if (switches.deactivateUsers === true) {
      await client.query('select release_kept($1, null, $2, $3)', [slug, by.actor, by.requestId]);
    }
    const made =
      settings.application === undefined ? undefined : await setApplication(client, known.id, settings.application);
    if (defaultManager !== undefined) await client.query('select kick_instance($1, $2)', [slug, by.source]);
    await client.query(
      `insert into audit_log (instance_id, actor, action, outcome, request_id) values ($1, $2, 'instance.set', 'accepted', $3)`,
      [slug, by.actor, by.requestId],
    );
    return made;
  });
  return { ...(await showInstance(pool, slug)), secret };
}

async function defaultManagerId(client: pg.PoolClient, slug: string, idOrUserName: string): Promise<string> {
  const found = await client.query<{ id: string; status: string; role: string }>(
    `select a.id, a.status, a.role from accounts a join users u on u.instance_id = a.instance_id and u.id = a.id
     where a.instance_id = $1 and (a.id::text = $2 or u.user_name_key = $3) and u.deleted_at is null`,
    [slug, idOrUserName, foldUserName(idOrUserName)],
  );
  const [account] = found.rows;
  const refuse = (why: string) =>
    new RefusedError('default_manager_refused', `${idOrUserName} can't be the default manager: ${why}.`);
  if (account === undefined) throw refuse('there is no such account in this instance');
  if (account.status !== 'active') throw refuse(`the account is ${account.status}, and must be active`);
  if (account.role === 'individual') throw refuse('the role is individual, and must be manager, publisher or coach');
  return account.id;
}
