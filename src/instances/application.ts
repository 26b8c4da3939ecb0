import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import type { Deliverer, Delivery, Endpoint } from '../application/deliver.js';
import type { EndpointUrl } from '../application/endpoint-url.js';
import { type Outcome, outcomeOf } from '../application/outcome.js';
import { isApplicationSecret, newApplicationSecret } from '../application/signature.js';
import { run, type Statement, transaction } from '../database/pool.js';
import { BEFORE_ALL } from '../directory/page.js';
import type { Actor } from '../directory/users.js';
import { RefusedError } from '../errors.js';
import type { InstanceId, UserId } from '../ids.js';

/** An endpoint to be set; the secret is made where none is given. */
export interface NewApplication {
  readonly url: EndpointUrl;
  readonly secret?: string | undefined;
}

/** A secret as it is listed: never itself. */
export interface SecretInfo {
  readonly id: string;
  readonly createdAt: Date;
}

/** So many users a statement is about: each has its time. */
const AT_ONCE = 1_000;

/** One secret signs, and a second one beside it while receivers change over. */
const MOST_SECRETS = 2;

/**
 * Sets an instance's endpoint, inside the transaction that holds the instance's row: with one secret, all former ones ended. Where
 * the URL stays, and no secret is given, nothing changes. Another URL in place of one is the same application elsewhere: it is told what the
 * former one has not taken. Where there was none, nobody is told of what was before.
 * @returns the secret where it was made here: it is shown this once.
 * @throws RefusedError `application_secret_needed` for another URL without a secret, `invalid_application`
 */
export async function setApplication(
  client: pg.PoolClient,
  instance: InstanceId,
  application: NewApplication | null,
): Promise<string | undefined> {
  const { rows } = await client.query<{ url: string | null }>(
    'select application_url as url from instances where id = $1',
    [instance],
  );
  const former = rows[0]?.url ?? null;
  if (application === null) {
    await write(client, instance, null, undefined);
    return undefined;
  }
  const { url, secret } = application;
  if (secret !== undefined && !isApplicationSecret(secret)) {
    throw new RefusedError('invalid_application', 'The secret is whsec_ and 24 to 64 bytes in Base64.');
  }
  if (former === url && secret === undefined) return undefined;
  if (former !== null && secret === undefined) {
    throw new RefusedError(
      'application_secret_needed',
      'Another URL needs its secret too: give the one that the application there knows.',
    );
  }
  const made = secret === undefined ? newApplicationSecret() : undefined;
  await write(client, instance, url, secret ?? made);
  return made;
}

async function write(client: pg.PoolClient, instance: InstanceId, url: string | null, secret?: string): Promise<void> {
  await client.query(
    `update instances set application_url = $2,
       application_since = case when application_url is null or $2::text is null then now() else application_since end,
       application_proven_at = case when application_url = $2 then application_proven_at end
     where id = $1`,
    [instance, url],
  );
  for (let isMore = true; isMore; ) {
    const { rows } = await client.query<{ count: number }>('select leave_application($1, $2) as count', [
      instance,
      AT_ONCE,
    ]);
    isMore = rows[0]?.count === AT_ONCE;
  }
  await client.query('delete from application_secrets where instance_id = $1', [instance]);
  if (secret !== undefined) {
    await client.query('insert into application_secrets (instance_id, id, secret) values ($1, $2, $3)', [
      instance,
      uuid(),
      secret,
    ]);
  }
}

/**
 * Adds a second secret, with which everything is signed besides.
 * @returns the secret, which is shown this once.
 * @throws RefusedError `application_unknown` without an endpoint, `too_many_secrets`; UnavailableError
 */
export async function addApplicationSecret(
  pool: pg.Pool,
  instance: InstanceId,
  by: Actor,
): Promise<SecretInfo & { readonly secret: string }> {
  const id = uuid();
  const secret = newApplicationSecret();
  return transaction(pool, async (client) => {
    const present = await lockSecrets(client, instance);
    if (present.length >= MOST_SECRETS) {
      throw new RefusedError('too_many_secrets', 'There are two secrets already; end one of them first.');
    }
    const { rows } = await client.query<{ createdAt: Date }>(
      `insert into application_secrets (instance_id, id, secret) values ($1, $2, $3) returning created_at as "createdAt"`,
      [instance, id, secret],
    );
    await audit(client, instance, `application.secret.add:${id}`, by);
    return { id, secret, createdAt: rows[0]?.createdAt ?? new Date() };
  });
}

/** Ends a secret; the last one stays. @throws RefusedError `application_unknown`, `not_found`, `last_secret`; UnavailableError */
export async function removeApplicationSecret(
  pool: pg.Pool,
  instance: InstanceId,
  id: string,
  by: Actor,
): Promise<void> {
  await transaction(pool, async (client) => {
    const present = await lockSecrets(client, instance);
    if (!present.includes(id)) {
      throw new RefusedError('not_found', `There is no secret ${id} of this instance's application.`);
    }
    if (present.length === 1) {
      throw new RefusedError('last_secret', 'The last secret cannot be ended: add another first.');
    }
    await client.query('delete from application_secrets where instance_id = $1 and id = $2', [instance, id]);
    await audit(client, instance, `application.secret.remove:${id}`, by);
  });
}

/** The ids of the secrets, which nobody else changes until the transaction ends: who does holds the instance's row. */
async function lockSecrets(client: pg.PoolClient, instance: InstanceId): Promise<string[]> {
  const locked = await client.query<{ url: string | null }>(
    'select application_url as url from instances where id = $1 for no key update',
    [instance],
  );
  if ((locked.rows[0]?.url ?? null) === null) throw applicationUnknown(instance);
  const { rows } = await client.query<{ id: string }>('select id from application_secrets where instance_id = $1', [
    instance,
  ]);
  return rows.map(({ id }) => id);
}

const audit = (client: pg.PoolClient, instance: InstanceId, action: string, by: Actor): Promise<unknown> =>
  client.query(
    `insert into audit_log (instance_id, actor, action, outcome, request_id) values ($1, $2, $3, 'accepted', $4)`,
    [instance, by.actor, action, by.requestId],
  );

const LIST_SECRETS: Statement = {
  name: 'list_application_secrets',
  text: 'select id, created_at as "createdAt" from application_secrets where instance_id = $1 order by created_at, id',
};

/** The secrets of an instance's application, the oldest first. @throws UnavailableError */
export const listApplicationSecrets = (pool: pg.Pool, instance: InstanceId): Promise<SecretInfo[]> =>
  run<SecretInfo>(pool, LIST_SECRETS, [instance]);

const ENDPOINT: Statement = {
  name: 'find_application',
  text: `
    select i.application_url as url,
      array(select s.secret from application_secrets s where s.instance_id = i.id order by s.created_at, s.id) as secrets
    from instances i where i.id = $1 and i.application_url is not null`,
};
const PROVE: Statement = {
  name: 'prove_application',
  text: `update instances set application_proven_at = now()
    where id = $1 and application_url = $2 and application_proven_at is null`,
};

/**
 * Sends a signed test event, which changes nothing, to an instance's application. A 2xx proves the URL: from then on a 4xx of it
 * counts.
 * @throws RefusedError `application_unknown`; UnavailableError
 */
export async function testApplication(
  pool: pg.Pool,
  deliverer: Deliverer,
  instance: InstanceId,
): Promise<Delivery & { readonly outcome: Outcome; readonly ms: number }> {
  const [endpoint] = await run<Endpoint>(pool, ENDPOINT, [instance]);
  if (endpoint === undefined) throw applicationUnknown(instance);
  const began = performance.now();
  const message = { type: 'application.test', timestamp: new Date().toISOString(), data: { instance } };
  const delivery = await deliverer.deliver(endpoint, { id: `test.${uuid()}`, body: JSON.stringify(message) });
  const ms = performance.now() - began;
  const outcome = outcomeOf(delivery.status, false, false);
  if (outcome === 'done') await run(pool, PROVE, [instance, endpoint.url]);
  return { ...delivery, outcome, ms };
}

const RESEND: Statement = {
  name: 'resend_accounts',
  text: `
    with resent as (
      select page.count, page.last from instances i cross join lateral resend_accounts(i.id, $2, $5, $6) page
      where i.id = $1 and i.application_url is not null
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, user_id, outcome, request_id)
      select $1, $3, 'application.resend', $2, 'accepted', $4 from resent where $7
    )
    select count, last from resent`,
};

/**
 * Has the application told of a user anew, or of everybody, page by page: each gets a new revision that says the same.
 * @returns of how many. @throws RefusedError `application_unknown`; UnavailableError
 */
export async function resendAccounts(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId | undefined,
  by: Actor,
): Promise<number> {
  let count = 0;
  for (let after: string | null = BEFORE_ALL; after !== null; ) {
    const values: unknown[] = [instance, user ?? null, by.actor, by.requestId, after, AT_ONCE, after === BEFORE_ALL];
    const [page] = await run<{ count: number; last: string | null }>(pool, RESEND, values);
    if (page === undefined) throw applicationUnknown(instance);
    count += page.count;
    after = page.last;
  }
  return count;
}

const applicationUnknown = (instance: InstanceId): RefusedError =>
  new RefusedError('application_unknown', `The instance ${instance} has no application endpoint.`);
