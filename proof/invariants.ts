import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { verifyAudit } from '../src/directory/seals.js';
import type { InstanceId } from '../src/ids.js';
import { assertEqualsModel } from '../test/support/compare-with-model.js';
import { memberRegister } from './clients/groups.js';
import { ROLE_REGISTER } from './clients/operators.js';
import { PERSON_REGISTERS } from './clients/people.js';
import { type Cluster, SECRET } from './cluster.js';
import type { Operation, Registers } from './ledger.js';
import { mayBe, unlike } from './registers.js';
import { CANARY, DOMAIN, type World } from './world.js';

/** What came of a run. */
interface Outcome extends World {
  /** What each tenant's follower of the feed has seen. */
  readonly cursors: readonly (readonly number[])[];
}

const idsOf = (tenants: World['tenants']): InstanceId[] => tenants.map(({ instance }) => instance);

/** What is wrong, a line each: none is right. */
type Check = (outcome: Outcome) => Promise<readonly string[]>;

/** Rows of a statement that has none where all is well. */
const rows =
  (text: string): Check =>
  async ({ cluster, tenants }) =>
    (await cluster.pool.query(text, [idsOf(tenants)])).rows.map((row) => JSON.stringify(row));

const TOKEN = /rst_[\w-]{20}/;

/** What is wrong in PostgreSQL itself, in Temporal or in Roster, whatever was done to them. */
const UNFORESEEN = new RegExp(
  [
    'unhandledRejection|Unhandled|uncaughtException',
    'softassert|TMPRL1100|DeterminismViolation|nil pointer|DATA RACE|"level":"panic"',
    'PANIC: |TRAP: |invalid page|could not read block|cache lookup failed',
  ].join('|'),
);

/** The actions that write a version of a user. */
const ASSERTIONS = `('user.create', 'user.update', 'user.activate', 'user.deactivate', 'user.delete')`;

/** By the numbers of the invariants; each gives what breaks it. */
export const INVARIANTS: Readonly<Record<string, Check>> = {
  'I1 nothing acknowledged is lost, I2 nothing is there that nobody asked for': async (outcome) => {
    const stored = await Promise.all([storedPeople(outcome), storedGroups(outcome), storedRoles(outcome)]);
    const found = new Map(stored.flatMap((some) => [...some]));
    const lost = [...outcome.ledger.bySubject].flatMap(([who, operations]) => {
      const isPerson = !operations.some(({ kind }) => /Groups$|accounts$/.test(kind));
      const registers = new Set(operations.flatMap(({ asserted }) => Object.keys(asserted)));
      registers.delete('exists');
      return unlike(who, operations, found.get(who), isPerson ? PERSON_REGISTERS : [...registers]);
    });
    const ghosts = [...found.keys()].filter((who) => !outcome.ledger.bySubject.has(who));
    return [...lost, ...ghosts.map((who) => `${who} is a ghost`)];
  },
  'I1 each acknowledged write is audited once, and none twice': async ({ cluster, ledger, tenants }) => {
    const { rows: audited } = await cluster.pool.query<{ id: string; count: number }>(
      `select request_id as id, max(times)::integer as count from (
         select request_id, count(*) as times from audit_log
         where outcome = 'accepted' and (action in ${ASSERTIONS} or action like 'group.%' or action like 'account.role:%')
           and request_id is not null and instance_id = any ($1)
         group by request_id, user_id, group_id) audited group by 1`,
      [idsOf(tenants)],
    );
    const counts = new Map(audited.map(({ id, count }) => [id, count]));
    // A row of a file is the import's.
    const changed = [...ledger.bySubject.values()].flatMap((operations) =>
      operations.filter(
        (operation, at) =>
          operation.outcome === 'ok' &&
          operation.kind !== 'import row' &&
          hasChanged(operation.asserted, operations.slice(0, at)),
      ),
    );
    const lost = changed.filter(({ requestId = '' }) => !counts.has(requestId));
    return [
      ...lost.map((operation) => `not audited: ${JSON.stringify(operation)}`),
      ...audited.filter(({ count }) => count > 1).map(({ id, count }) => `${count} times audited: request ${id}`),
    ];
  },
  'I3 one account per user': rows(`
    select u.id from users u full join accounts a on a.instance_id = u.instance_id and a.id = u.id
    where coalesce(u.instance_id, a.instance_id) = any ($1) group by 1 having count(u.id) <> 1 or count(a.id) <> 1`),
  'I4 one user of a name, in whatever case, and of an externalId': rows(`
    select instance_id, lower(user_name) as name from users where instance_id = any ($1) and deleted_at is null group by 1, 2 having count(*) > 1
    union all
    select instance_id, external_id from users where instance_id = any ($1) and deleted_at is null and external_id is not null
    group by 1, 2 having count(*) > 1`),
  'I5 what is asserted is so': rows(`
    select u.id, u.active, a.status, u.user_name, a.user_name as account_name, u.attributes ->> 'title' as title, a.title as account_title
    from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
    where u.instance_id = any ($1) and u.deleted_at is null
      and (u.active <> (a.status = 'active') or a.user_name is distinct from u.user_name or a.email is distinct from u.email
        or a.display_name is distinct from u.display_name or a.title <> coalesce(u.attributes ->> 'title', '')
        or a.manager_reference_key is distinct from u.manager_reference_key)`),
  'I5 nobody who is off has access': rows(`
    select u.id from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
    where u.instance_id = any ($1) and (not u.active or u.deleted_at is not null) and a.status = 'active'`),
  'I7 managers and teams are as the rules say': async ({ cluster, tenants }) => {
    const faults = idsOf(tenants).map((instance) =>
      assertEqualsModel(cluster.pool, instance).then(
        () => [],
        (error: Error) => [error.message.slice(0, 2_000)],
      ),
    );
    return (await Promise.all(faults)).flat();
  },
  'I8 nobody is in a team without a manager who is active': rows(`
    select a.id from accounts a join teams t on t.instance_id = a.instance_id and t.id = a.team_id
    left join accounts m on m.instance_id = t.instance_id and m.id = t.manager_id
    where a.instance_id = any ($1) and (m.id is null or m.status <> 'active' or a.status <> 'active')`),
  'I10 each version of a user is audited once': rows(`
    select u.id, u.version, count(l.*) from users u
    left join audit_log l on l.instance_id = u.instance_id and l.user_id = u.id and l.outcome = 'accepted' and l.action in ${ASSERTIONS}
    where u.instance_id = any ($1) group by u.instance_id, u.id, u.version having count(l.*) <> u.version`),
  'I10 the chain of the audit log is whole': async ({ cluster, tenants }) => {
    const chains = await Promise.all(idsOf(tenants).map((instance) => verifyAudit(cluster.pool, instance)));
    return chains.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  },
  'I11 nothing is joined across instances': rows(`
    select a.id from accounts a where a.instance_id = any ($1) and (
      a.manager_id is not null and not exists (select from accounts m where m.instance_id = a.instance_id and m.id = a.manager_id)
      or a.team_id is not null and not exists (select from teams t where t.instance_id = a.instance_id and t.id = a.team_id))`),
  'I10 a follower of the feed has missed nothing': async ({ cluster, tenants, cursors }) => {
    const { rows: counts } = await cluster.pool.query<{ count: number }>(
      `select (select count(*)::integer from events e where e.instance_id = asked.id) as count
       from unnest($1::text[]) with ordinality as asked (id, place) order by place`,
      [idsOf(tenants)],
    );
    return cursors.flatMap((followed, tenant) => {
      const gap = followed.findIndex((cursor, at) => cursor !== at + 1);
      const { count = 0 } = counts[tenant] ?? {};
      return [
        ...(gap < 0 ? [] : [`${followed[gap]} came in place ${gap + 1}`]),
        ...(followed.length === count ? [] : [`${followed.length} came of ${count}`]),
      ];
    });
  },
  'I12 each import has ended, and its sums match': rows(`
    select i.id, i.state from imports i
    cross join lateral (
      select count(*) filter (where r.outcome = 'created') as created, count(*) filter (where r.outcome = 'updated') as updated,
        count(*) filter (where r.outcome = 'unchanged') as unchanged, count(*) filter (where r.outcome = 'rejected') as rejected,
        count(*) filter (where r.outcome = 'cancelled') as cancelled, count(*) as all_rows
      from import_rows r where r.instance_id = i.instance_id and r.import_id = i.id) counted
    where i.instance_id = any ($1) and (i.state not in ('done', 'cancelled')
      or (i.created, i.updated, i.unchanged, i.rejected, i.cancelled, i.created + i.updated + i.unchanged + i.rejected + i.cancelled)
        is distinct from (counted.created, counted.updated, counted.unchanged, counted.rejected, counted.cancelled, counted.all_rows))`),
  'I13 no secret, no password and no e-mail is in a log': ({ cluster }) =>
    inLogs(
      cluster,
      (line) =>
        TOKEN.test(line) ||
        [SECRET, CANARY, `@${DOMAIN}`].some((word) => line.toLowerCase().includes(word.toLowerCase())),
    ),
  'I13 no password is stored': async ({ cluster: { pool } }) => {
    const { rows: tables } = await pool.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    const counts = tables.map(async ({ name }) => {
      const text = `select count(*)::integer as count from ${pg.escapeIdentifier(name)} t where position($1 in t::text) > 0`;
      const [found] = (await pool.query<{ count: number }>(text, [CANARY])).rows;
      return found?.count === 0 ? [] : [`${found?.count} rows of ${name}`];
    });
    return (await Promise.all(counts)).flat();
  },
  'I13 nothing personal is in Temporal': async ({ cluster }) => {
    const url = new URL(cluster.postgresUrl);
    url.pathname = '/temporal';
    const client = new pg.Client({ connectionString: url.href, application_name: 'roster proof' });
    await client.connect();
    try {
      const { rows: found } = await client.query<{ count: number }>(
        `select count(*)::integer as count from history_node h
         where position(convert_to($1, 'UTF8') in h.data) > 0 or position(convert_to($2, 'UTF8') in h.data) > 0`,
        [`@${DOMAIN}`, CANARY],
      );
      return found.filter(({ count }) => count > 0).map(({ count }) => `${count} nodes of histories`);
    } finally {
      await client.end();
    }
  },
  'I14 no run has failed': async ({ cluster }) => {
    const { address, namespace } = cluster.temporal;
    const connection = await Connection.connect({ address });
    try {
      const client = new Client({ connection, namespace });
      const failed: string[] = [];
      const query = `ExecutionStatus in ("Failed", "Terminated", "TimedOut")`;
      for await (const { workflowId, status } of client.workflow.list({ query }))
        failed.push(`${workflowId} ${status.name}`);
      return failed;
    } finally {
      await connection.close();
    }
  },
  'I17 nothing in the logs that nobody foresaw': ({ cluster }) => inLogs(cluster, (line) => UNFORESEEN.test(line)),
  'no process has ended by itself': async ({ cluster }) => cluster.crashes,
  'guard 7: the application is told in order, one call at a time': async ({ application }) => application.faults,
  'the application has what is so': async ({ cluster, application, tenants }) => {
    const { rows: accounts } = await cluster.pool.query<{ id: string; status: string; told: boolean; now: string }>(
      `select id, status, told_created as told, concat_ws(' ', user_name, display_name, title, role, manager_id) as now
       from accounts where instance_id = any ($1) and status <> 'pending'`,
      [idsOf(tenants)],
    );
    return accounts.flatMap(({ id, status, told, now }) => {
      const has = application.has.get(id);
      if (has === undefined) return told || status === 'active' ? [`${id} is unknown to it, and ${status}`] : [];
      const { userName, displayName, title, role, manager } = has;
      const known = [userName, displayName, title, role, ...(manager === null ? [] : [manager.id])].join(' ');
      return has.status === status && (status !== 'active' || known === now)
        ? []
        : [`${id}: ${has.status} ${known}, not ${status} ${now}`];
    });
  },
};

interface Subject {
  readonly who: string;
  readonly registers: Registers;
}

const byWho = (rows: readonly Subject[]): Map<string, Registers> =>
  new Map(rows.map(({ who, registers }) => [who, registers]));

/** Who is there, coaches left out. */
async function storedPeople({ cluster, tenants }: Outcome): Promise<Map<string, Registers>> {
  const { rows: found } = await cluster.pool.query<Subject>(
    `select u.instance_id || '/' || u.external_id as who,
       json_build_object('title', coalesce(u.attributes ->> 'title', ''), 'active', u.active, 'userName', u.user_name,
         'manager', coalesce(u.manager_reference, '')) as registers
     from users u where u.instance_id = any ($1) and u.deleted_at is null and u.external_id is not null`,
    [idsOf(tenants)],
  );
  return byWho(found);
}

async function storedGroups({ cluster, tenants, ledger }: Outcome): Promise<Map<string, Registers>> {
  const { rows: found } = await cluster.pool.query<{ who: string; members: readonly string[] }>(
    `select g.instance_id || '/' || g.display_name as who,
       array(select m.reference from group_members m where m.instance_id = g.instance_id and m.group_id = g.id) as members
     from groups g where g.instance_id = any ($1)`,
    [idsOf(tenants)],
  );
  return byWho(
    found.map(({ who, members }) => {
      const asked = (ledger.bySubject.get(who) ?? []).flatMap(({ asserted }) => Object.keys(asserted));
      const none = asked.filter((name) => name !== 'exists').map((name) => [name, false]);
      return { who, registers: Object.fromEntries([...none, ...members.map((one) => [memberRegister(one), true])]) };
    }),
  );
}

/** Of those whose role was set, and surely. */
async function storedRoles({ cluster, tenants, ledger }: Outcome): Promise<Map<string, Registers>> {
  const { rows: found } = await cluster.pool.query<Subject>(
    `select a.instance_id || '/' || a.id as who, json_build_object('${ROLE_REGISTER}', a.role = 'publisher') as registers
     from accounts a where a.instance_id = any ($1)`,
    [idsOf(tenants)],
  );
  return byWho(found.filter(({ who }) => ledger.bySubject.get(who)?.some(({ outcome }) => outcome === 'ok')));
}

/** True where what is asserted was surely not all so, after what was asked before: a title is always another one. */
const hasChanged = (asserted: Registers, before: readonly Operation[]): boolean =>
  Object.entries(asserted).some(([name, value]) => {
    if (name === 'title' || name === 'exists') return true;
    const was = mayBe(before, name);
    return !was.includes(undefined) && !was.includes(value);
  });

async function inLogs({ logs }: Cluster, isWrong: (line: string) => boolean): Promise<string[]> {
  const texts = await Promise.all(logs.map((log) => readFile(log, 'utf8')));
  return texts.flatMap((text, at) =>
    text
      .split('\n')
      .filter(isWrong)
      .map((line) => `${logs[at]}: ${line.slice(0, 300)}`),
  );
}

/** Who has not come to rest; none when all is done and told. */
export async function unsettled(pool: pg.Pool, instances: readonly InstanceId[]): Promise<string[]> {
  const { rows: found } = await pool.query(
    `select a.id, a.applied_version, a.asserted_version, a.announced, a.revision, p.stage, p.reason from accounts a
     left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
     where a.instance_id = any ($1) and (a.applied_version < a.asserted_version or is_untold(a) or p.stage in ('provisioning', 'deactivating', 'waiting for manager', 'stuck'))
     union all
     select k.user_id, null, null, null, null, 'kick', k.source from kicks k where k.instance_id = any ($1)
     limit 20`,
    [instances],
  );
  return found.map((row) => JSON.stringify(row));
}
