import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import { verifyAudit } from '../src/directory/seals.js';
import type { InstanceId } from '../src/ids.js';
import { assertEqualsModel } from '../test/support/compare-with-model.js';
import type { RecordingApplication } from '../test/support/recording-application.js';
import { type Cluster, SECRET } from './cluster.js';
import type { Asserted, Ledger, Operation } from './ledger.js';

/** What came of a run. */
interface Outcome {
  readonly cluster: Cluster;
  readonly application: RecordingApplication;
  readonly ledger: Ledger;
  readonly instances: readonly InstanceId[];
  /** What clients were answered that Okta can't work with. */
  readonly answers: readonly string[];
}

/** What is wrong, a line each: none is right. */
type Check = (outcome: Outcome) => Promise<readonly string[]>;

/** Rows of a statement that has none where all is well. */
const rows =
  (text: string): Check =>
  async ({ cluster, instances }) =>
    (await cluster.pool.query(text, [instances])).rows.map((row) => JSON.stringify(row));

/** The actions that write a version of a user. */
const ASSERTIONS = `('user.create', 'user.update', 'user.activate', 'user.deactivate', 'user.delete')`;

/** A request is over on the server before this, so that it can't take effect later. */
const OVER_MS = 20_000;

/** By the numbers of the invariants; each gives what breaks it. */
export const INVARIANTS: Readonly<Record<string, Check>> = {
  'I1 nothing acknowledged is lost, I2 nothing is there that nobody asked for': async ({ cluster, ledger }) => {
    const { rows: stored } = await cluster.pool.query<Stored>(STORED);
    const people = new Map<string, Operation[]>();
    for (const operation of ledger.operations) {
      const who = `${operation.instance}/${operation.person}`;
      const before = people.get(who);
      if (before === undefined) people.set(who, [operation]);
      else before.push(operation);
    }
    const lost = [...people].flatMap(([who, operations]) => lostOf(who, operations, stored));
    const known = new Set([...people.keys(), ...stored.filter(isCoach).map(keyOf)]);
    return [...lost, ...stored.filter((one) => !known.has(keyOf(one))).map((one) => `${keyOf(one)} is a ghost`)];
  },
  'I1 each acknowledged write is audited once, and none twice': async ({ cluster, ledger }) => {
    const { rows: audited } = await cluster.pool.query<{ id: string; count: number }>(
      `select request_id as id, count(*)::integer as count from audit_log
       where outcome = 'accepted' and action in ${ASSERTIONS} and request_id is not null group by 1`,
    );
    const counts = new Map(audited.map(({ id, count }) => [id, count]));
    const lost = ledger.operations.filter(({ outcome, requestId = '' }) => outcome === 'ok' && !counts.has(requestId));
    return [
      ...lost.map((operation) => `not audited: ${JSON.stringify(operation)}`),
      ...audited.filter(({ count }) => count > 1).map(({ id, count }) => `${count} times audited: request ${id}`),
    ];
  },
  'I3 one account per user': rows(`
    select u.id from users u full join accounts a on a.instance_id = u.instance_id and a.id = u.id
    where coalesce(u.instance_id, a.instance_id) = any ($1) group by 1 having count(u.id) <> 1 or count(a.id) <> 1`),
  'I4 one user of a name': rows(`
    select instance_id, user_name_key from users where instance_id = any ($1) and deleted_at is null group by 1, 2 having count(*) > 1`),
  'I5 nobody who is off has access': rows(`
    select u.id from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
    where u.instance_id = any ($1) and (not u.active or u.deleted_at is not null) and a.status = 'active'`),
  'I7 managers and teams are as the rules say': async ({ cluster, instances }) => {
    const faults = instances.map((instance) =>
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
  'I10 the chain of the audit log is whole': async ({ cluster, instances }) => {
    const chains = await Promise.all(instances.map((instance) => verifyAudit(cluster.pool, instance)));
    return chains.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  },
  'I11 nothing is joined across instances': rows(`
    select a.id from accounts a where a.instance_id = any ($1) and (
      a.manager_id is not null and not exists (select from accounts m where m.instance_id = a.instance_id and m.id = a.manager_id)
      or a.team_id is not null and not exists (select from teams t where t.instance_id = a.instance_id and t.id = a.team_id))`),
  'I13 no secret and no e-mail is in a log': ({ cluster }) =>
    inLogs(cluster, (line) => line.includes(SECRET) || line.includes('@proof.test')),
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
  'I16 each refusal was SCIM, in time, and none was a fault of ours': async ({ answers }) => answers,
  'I17 nothing in the logs that nobody foresaw': ({ cluster }) =>
    inLogs(cluster, (line) =>
      /unhandledRejection|Unhandled|softassert|uncaughtException|TMPRL1100|DeterminismViolation/.test(line),
    ),
  'guard 7: the application is told in order, one call at a time': async ({ application }) => application.faults,
  'the application has what is so': async ({ cluster, application, instances }) => {
    const { rows: accounts } = await cluster.pool.query<{ id: string; status: string; title: string; told: boolean }>(
      `select id, status, title, told_created as told from accounts where instance_id = any ($1) and status <> 'pending'`,
      [instances],
    );
    return accounts.flatMap(({ id, status, title, told }) => {
      const has = application.has.get(id);
      if (has === undefined) return told || status === 'active' ? [`${id} is unknown to it, and ${status}`] : [];
      return has.status === status && (status !== 'active' || has.title === title)
        ? []
        : [`${id}: ${has.status} ${has.title}, not ${status} ${title}`];
    });
  },
};

interface Stored {
  readonly instance: string;
  readonly person: string | null;
  readonly userName: string;
  readonly title: string | null;
  readonly active: boolean;
  readonly manager: string | null;
}
const STORED = `
  select instance_id as instance, external_id as person, user_name as "userName", attributes ->> 'title' as title, active,
    manager_reference as manager
  from users where deleted_at is null`;
const isCoach = ({ userName }: Stored): boolean => userName.startsWith('coach@');
const keyOf = ({ instance, person, userName }: Stored): string => `${instance}/${person ?? userName}`;

/** What a person's user may not be, given what was asked and acknowledged. */
function lostOf(who: string, operations: readonly Operation[], stored: readonly Stored[]): string[] {
  const found = stored.find((one) => keyOf(one) === who);
  const may = <Name extends keyof Asserted>(name: Name): (Asserted[Name] | undefined)[] => {
    const touching = operations.filter(({ asserted, outcome }) => asserted[name] !== undefined && outcome !== 'fail');
    const last = touching.findLast(({ outcome }) => outcome === 'ok');
    const since = last === undefined ? Number.NEGATIVE_INFINITY : last.sentAt - OVER_MS;
    const unknown = touching.filter(({ outcome, sentAt }) => outcome !== 'ok' && sentAt > since);
    return [last, ...unknown].map((operation) => operation?.asserted[name]);
  };
  if (found === undefined) {
    const exists = may('exists');
    return exists.includes(false) || exists.includes(undefined) ? [] : [`${who} was created and is not there`];
  }
  const is = { title: found.title ?? undefined, active: found.active, manager: found.manager ?? undefined };
  return (['title', 'active', 'manager'] as const).flatMap((name) =>
    may(name).some((value) => value === is[name])
      ? []
      : [`${who}: ${name} is ${is[name]}, not ${may(name).join(' or ')}`],
  );
}

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
     where a.instance_id = any ($1) and (a.applied_version < a.asserted_version or is_to_be_told(a) or p.stage in ('provisioning', 'deactivating', 'waiting for manager', 'stuck'))
     union all
     select k.user_id, null, null, null, null, 'kick', k.source from kicks k where k.instance_id = any ($1)
     limit 20`,
    [instances],
  );
  return found.map((row) => JSON.stringify(row));
}
