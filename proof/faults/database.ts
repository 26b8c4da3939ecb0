import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { isRetryable, isUnavailable } from '../../src/database/errors.js';
import { ended } from '../cluster.js';
import type { World } from '../world.js';
import { type Fault, persist, SERVERS, seconds, WORKERS } from './fault.js';

/** Whatever Roster's processes have open. */
const THEIRS = `application_name like 'roster %' and application_name <> 'roster proof' and datname = 'roster'`;

/** Ends PostgreSQL's processes: fast, at once, or by SIGKILL of the postmaster. It is started again. */
const restart: Fault = async ({ cluster }, random) => {
  const child = cluster.process('PostgreSQL');
  child?.kill(random.pick(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const));
  if (child !== undefined) await ended(child);
};

/** Lets each write to these tables fail in a share of the cases, with an error as PostgreSQL itself would give it. */
const failing =
  (tables: readonly string[], sqlstate: string, share: number): Fault =>
  async ({ cluster }, random) => {
    const name = `proof_${sqlstate}`;
    const run = (text: string) => persist(() => cluster.pool.query(text));
    await run(`create or replace function ${name}() returns trigger language plpgsql as $$
      begin
        if random() < ${share} then raise exception 'so says the proof' using errcode = '${sqlstate}'; end if;
        return null;
      end $$`);
    for (const table of tables)
      await run(
        `create or replace trigger ${name} before insert or update on ${table} for each statement execute function ${name}()`,
      );
    await seconds(1, 4, random);
    await run(`drop function ${name} cascade`);
  };

/** A transaction of somebody else's, for a while. @returns false where it could not be had, or was ended: by a deadlock, say */
async function inTransaction(world: World, work: (client: pg.Client) => Promise<unknown>): Promise<boolean> {
  const client = new pg.Client({ connectionString: world.cluster.postgresUrl, application_name: 'roster proof' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('begin');
    await work(client);
    await client.query('commit');
    return true;
  } catch (error) {
    if (!isUnavailable(error) && !isRetryable(error)) throw error;
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export const DATABASE_FAULTS: Readonly<Record<string, Fault>> = {
  'F8 PostgreSQL restarted': restart,
  'F8 all connections of PostgreSQL cut': async ({ cluster }) => {
    await persist(() => cluster.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${THEIRS}`));
  },
  'F9 answers to a COMMIT or a write cut': async ({ cluster: { links } }, random) => {
    let times = 0;
    for (let tries = 0; tries < 5; tries += 1) {
      const link = links[`${random.pick([...SERVERS, ...WORKERS] as const)} to PostgreSQL`];
      const cut = random.pick(['users', 'commit', 'accounts', 'announcement']);
      const isCut = new Promise<boolean>((told) => link.set({ cut, after: 'pass', told: () => told(true) }));
      if (await Promise.race([isCut, delay(500, false)])) times += 1;
      link.set('pass');
    }
    return times > 0;
  },
  'F10 rows locked crosswise': async (world, random) => {
    const { rows } = await persist(() =>
      world.cluster.pool.query<{ instance: string; id: string }>(
        'select instance_id as instance, id from accounts where instance_id = any ($1) order by id desc',
        [world.tenants.map(({ instance }) => instance)],
      ),
    );
    await inTransaction(world, async (client) => {
      for (const { instance, id } of rows.filter(() => random.chance(0.3))) {
        await client.query('select from accounts where instance_id = $1 and id = $2 for update', [instance, id]);
        await delay(20);
      }
    });
  },
  'F10 serialisation failures': failing(['users', 'accounts', 'progress'], '40001', 0.3),
  'F11 tables locked, all connections wait': (world, random) =>
    inTransaction(world, async (client) => {
      await client.query('lock table users, accounts in access exclusive mode');
      const asked = world.cluster.origins.map(async (origin) => {
        // A server that is just being started refuses the connection.
        const isLate = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
          ({ status }) => status !== 200,
          (error: Error) => error.name === 'TimeoutError',
        );
        if (isLate) world.seen.push(`F11 ${origin}/healthz is not answered while tables are locked`);
      });
      await Promise.all([seconds(1, 4, random), ...asked]);
    }),
  'F12 disk full, for four tables': failing(['users', 'accounts', 'events', 'audit_log'], '53100', 1),
  'F12 too many connections': async ({ cluster }, random) => {
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: cluster.postgresUrl, application_name: 'roster proof' });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };
    const taken: pg.Client[] = [];
    try {
      await persist(() => cluster.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${THEIRS}`));
      for (let isFull = false; !isFull; ) {
        const asked = await Promise.allSettled(Array.from({ length: 50 }, connect));
        taken.push(...asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
        const faults = asked.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []));
        if (!faults.every(isUnavailable)) throw new AggregateError(faults);
        isFull = faults.length > 0;
      }
      await seconds(1, 3, random);
    } finally {
      await Promise.all(taken.map((client) => client.end().catch(() => undefined)));
    }
  },
  'F17 wake-ups twice and out of order': async ({ cluster, tenants }) => {
    await cluster.pool.query(
      `insert into kicks (instance_id, user_id, lane, source)
       select a.instance_id, a.id, 1, 'sweep' from accounts a where a.instance_id = any ($1)
       on conflict (instance_id, user_id) do update set nonce = nextval('kick_nonce'), taken_until = null`,
      [tenants.map(({ instance }) => instance)],
    );
  },
};
