import type pg from 'pg';
import { run, type Statement, transaction } from '../database/pool.js';
import { RefusedError } from '../errors.js';
import { type InstanceId, newId } from '../ids.js';
import type { Actor } from './users.js';

export const IMPORT_STATES = ['staging', 'running', 'paused', 'done', 'cancelled'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];
export const ROW_OUTCOMES = ['pending', 'created', 'updated', 'unchanged', 'rejected', 'cancelled'] as const;
export type RowOutcome = (typeof ROW_OUTCOMES)[number];
export const IMPORT_ACTIONS = ['pause', 'resume', 'cancel'] as const;
export type ImportAction = (typeof IMPORT_ACTIONS)[number];

/** An import as it is at a moment. */
export interface Import {
  readonly instance: InstanceId;
  readonly id: string;
  readonly state: ImportState;
  readonly dryRun: boolean;
  readonly actor: string;
  readonly requestId: string | null;
  /** Of the file's cells. */
  readonly delimiter: string;
  readonly columns: readonly string[];
  readonly attributes: readonly string[];
  readonly unknownColumns: readonly string[];
  readonly rows: Readonly<Record<RowOutcome | 'total', number>>;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly rowsPerSecond: number;
  /** Whether there is an application to be told. */
  readonly hasApplication: boolean;
}

export interface ImportKey {
  readonly instance: InstanceId;
  readonly id: string;
}

export interface DueImport extends ImportKey {
  readonly dryRun: boolean;
}

const SELECT = `
  select i.instance_id as instance, i.id, i.state, i.dry_run as "dryRun", i.actor, i.request_id as "requestId", i.delimiter, i.columns, i.attributes,
    i.unknown_columns as "unknownColumns", exists (select from instances own where own.id = i.instance_id and own.application_url is not null) as "hasApplication", i.created_at as "createdAt", i.finished_at as "finishedAt",
    json_build_object('total', i.total, 'created', i.created, 'updated', i.updated, 'unchanged', i.unchanged, 'rejected', i.rejected,
      'cancelled', i.cancelled, 'pending', i.total - i.created - i.updated - i.unchanged - i.rejected - i.cancelled) as rows,
    round(coalesce((i.created + i.updated + i.unchanged + i.rejected)
      / nullif(extract(epoch from coalesce(i.finished_at, clock_timestamp()) - i.created_at), 0), 0)::numeric, 1)::double precision as "rowsPerSecond"
  from imports i`;

/** Whoever stages a file says so again and again; who has not for so long has died. */
const STAGED_UNTIL = `now() + interval '1 minute'`;

const DROP_LEFT: Statement = {
  name: 'drop_left_imports',
  text: `delete from imports i where i.state = 'staging' and i.due < now()`,
};

/** Takes back the imports whose file nobody stages any more. @throws UnavailableError */
export async function dropLeftImports(pool: pg.Pool): Promise<void> {
  await run(pool, DROP_LEFT, []);
}

const BEGIN: Statement = {
  name: 'begin_import',
  text: `
    with began as (
      insert into imports (instance_id, id, dry_run, idempotency_key, actor, request_id, asked, due)
      values ($1, $2, $3, $4, $5, $6, $7, ${STAGED_UNTIL})
      on conflict (instance_id, idempotency_key) where idempotency_key is not null do nothing
      returning id
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, outcome, request_id, note)
      select $1, $5, case when $3 then 'import.dry_run' else 'import.begin' end, 'accepted', $6, $2::text from began
    )
    select id, true as "isNew", false as "isStaged", $7 as asked, null::bytea as digest from began
    union all
    select i.id, false, i.state <> 'staging', i.asked, i.digest from imports i where i.instance_id = $1 and i.idempotency_key = $4 and not exists (select from began)`,
};

/**
 * Begins an import, into which rows are then staged. `asked` says what is asked for, as text.
 * @returns its id, and whether it is new: another with the same idempotency key is returned instead, once it is staged, with its file's digest.
 * @throws RefusedError `idempotency_key_reused` where something else was asked for with the key, `import_staging` where that file is on its way; UnavailableError
 */
export async function beginImport(
  pool: pg.Pool,
  instance: InstanceId,
  {
    dryRun,
    idempotencyKey,
    asked,
  }: { readonly dryRun: boolean; readonly idempotencyKey: string | null; readonly asked: string },
  by: Actor,
): Promise<{ id: string; isNew: boolean; digest: Buffer | null }> {
  await dropLeftImports(pool);
  for (;;) {
    const [row] = await run<{ id: string; isNew: boolean; isStaged: boolean; asked: string; digest: Buffer | null }>(
      pool,
      BEGIN,
      [instance, newId(), dryRun, idempotencyKey, by.actor, by.requestId, asked],
    );
    // Nothing: the other was committed after this statement began.
    if (row === undefined) continue;
    const { id, isNew, digest } = row;
    if (row.asked !== asked) throw keyReused('a dry run, another type or another mapping');
    if (!isNew && !row.isStaged) {
      throw new RefusedError(
        'import_staging',
        'The file of this Idempotency-Key is on its way by another request. Send it again when that has ended.',
      );
    }
    return { id, isNew, digest };
  }
}

/** An Idempotency-Key that stands for something else. */
export const keyReused = (what: string): RefusedError =>
  new RefusedError(
    'idempotency_key_reused',
    `Another import was asked for with this Idempotency-Key: ${what}. Take a key of its own for each.`,
  );

const SHOW: Statement = { name: 'show_import', text: `${SELECT} where i.id = $1` };

/** One import, of whichever instance. @throws RefusedError `not_found`; UnavailableError */
export async function showImport(pool: pg.Pool, id: string): Promise<Import> {
  const [row] = await run<Import>(pool, SHOW, [id]);
  if (row === undefined) throw new RefusedError('not_found', `There is no import ${id}.`);
  return row;
}

const LIST: Statement = {
  name: 'list_imports',
  text: `${SELECT} where i.instance_id = $1 and i.id < $2 order by i.id desc limit $3`,
};
const AFTER_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** An instance's imports, the newest first. @throws UnavailableError */
export const listImports = (
  pool: pg.Pool,
  instance: InstanceId,
  { after = AFTER_ALL, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Import[]> => run<Import>(pool, LIST, [instance, after, limit]);

const STAGED: Statement = {
  name: 'import_staged',
  text: `
    update imports i set state = 'running', due = now(),
      columns = $3, attributes = $4, unknown_columns = $5, delimiter = $6, digest = $7
    where i.instance_id = $1 and i.id = $2 and i.state = 'staging'
    returning 1`,
};

/** Ends the staging: the import's run can begin. @throws RefusedError `not_found` where it was taken back meanwhile; UnavailableError */
export async function importStaged(
  pool: pg.Pool,
  { instance, id }: ImportKey,
  columns: {
    readonly delimiter: string;
    readonly names: readonly string[];
    readonly attributes: readonly (string | undefined)[];
    readonly unknown: readonly string[];
  },
  digest: Buffer,
): Promise<void> {
  const attributes = columns.attributes.map((attribute) => attribute ?? '');
  const { names, unknown, delimiter } = columns;
  const staged = await run(pool, STAGED, [instance, id, names, attributes, unknown, delimiter, digest]);
  if (staged.length === 0)
    throw new RefusedError('not_found', 'The file took too long and was given up: send it again.');
}

const STAGING: Statement = {
  name: 'staging_import',
  text: `update imports i set due = ${STAGED_UNTIL} where i.instance_id = $1 and i.id = $2 and i.state = 'staging'`,
};

/** Says that the file of an import is still on its way. @throws UnavailableError */
export async function stagingImport(pool: pg.Pool, { instance, id }: ImportKey): Promise<void> {
  await run(pool, STAGING, [instance, id]);
}

const DROP: Statement = {
  name: 'drop_import',
  text: `delete from imports i where i.instance_id = $1 and i.id = $2 and i.state = 'staging'`,
};

/** Takes back an import whose file could not be read to its end: as if it had never been sent. @throws UnavailableError */
export async function dropImport(pool: pg.Pool, { instance, id }: ImportKey): Promise<void> {
  await run(pool, DROP, [instance, id]);
}

/** The states in which an action is possible, and the one that follows. A cancelled import's run settles what is done first. */
const ACTS: Readonly<Record<ImportAction, { readonly from: readonly ImportState[]; readonly to: ImportState }>> = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  cancel: { from: ['running', 'paused'], to: 'cancelled' },
};

const ACT: Statement = {
  name: 'act_on_import',
  text: `
    with acted as (
      update imports i set state = $3, due = now() where i.id = $1 and i.state = any ($2) and i.finished_at is null
      returning i.instance_id, i.id
    )
    insert into audit_log (instance_id, actor, action, outcome, request_id, note)
    select acted.instance_id, $4, 'import.' || $5::text, 'accepted', $6, acted.id || ': ' || $7::text from acted
    returning 1`,
};

/** Pauses, resumes or cancels an import. @throws RefusedError `not_found`, `nothing_to_do`; UnavailableError */
export async function actOnImport(
  pool: pg.Pool,
  id: string,
  action: ImportAction,
  reason: string,
  by: Actor,
): Promise<Import> {
  const { from, to } = ACTS[action];
  const acted = await run(pool, ACT, [id, from, to, by.actor, action, by.requestId, reason]);
  const now = await showImport(pool, id);
  if (acted.length === 0) {
    throw new RefusedError(
      'nothing_to_do',
      `The import is ${now.state}; ${action} is for one that is ${from.join(' or ')}.`,
    );
  }
  return now;
}

const TAKE: Statement = {
  name: 'take_imports',
  text: `
    with taken as (
      select i.instance_id, i.id from imports i where i.due < now() and i.state <> 'staging' order by i.due limit 20 for no key update skip locked
    )
    -- Nobody need wake one that is paused: resuming it is due again.
    update imports i set due = case when i.state <> 'paused' then now() + interval '30 seconds' end from taken
    where i.instance_id = taken.instance_id and i.id = taken.id
    returning i.instance_id as instance, i.id, i.dry_run as "dryRun"`,
};

/** Imports whose run is to be started or woken; each is due again in 30 s until it ends (guard 6). @throws UnavailableError */
export const takeImports = (pool: pg.Pool): Promise<DueImport[]> => run<DueImport>(pool, TAKE, []);

const FINISH: Statement = {
  name: 'finish_import',
  text: `
    update imports i set due = null, finished_at = now(), state = case i.state when 'cancelled' then i.state else 'done' end
    where i.instance_id = $1 and i.id = $2 and i.finished_at is null and i.state in ('running', 'cancelled')`,
};

/** Ends an import of which all is settled; a paused one stays. @throws UnavailableError */
export async function finishImport(pool: pg.Pool, { instance, id }: ImportKey): Promise<void> {
  await run(pool, FINISH, [instance, id]);
}

/**
 * Tells the planner of thousands of new rows, which autovacuum sees to too late: plans are made for tables that were small. A sample that
 * is small does, and takes a tenth of the time; autovacuum takes the usual one later.
 * @throws UnavailableError
 */
export const analyze = (pool: pg.Pool, tables: 'import_rows' | 'users, accounts, teams'): Promise<void> =>
  transaction(pool, async (client) => {
    await client.query('set local default_statistics_target = 10');
    await client.query(`analyze ${tables}`);
  });

const FORGET: Statement = {
  name: 'forget_imports',
  text: `
    with old as (
      select i.instance_id, i.id from imports i
      where i.finished_at < now() - interval '30 days'
        and exists (select from import_rows r where r.instance_id = i.instance_id and r.import_id = i.id)
      limit 1
    ),
    gone as (
      delete from import_rows r using old where r.instance_id = old.instance_id and r.import_id = old.id
        and r.line in (select o.line from import_rows o where o.instance_id = old.instance_id and o.import_id = old.id limit $1)
      returning 1
    )
    select (select count(*)::integer from gone) as gone`,
};

/** Removes a piece of the rows of an import that ended more than 30 days ago. @returns how many @throws UnavailableError */
export async function forgetImports(pool: pg.Pool, limit: number): Promise<number> {
  const [row] = await run<{ gone: number }>(pool, FORGET, [limit]);
  return row?.gone ?? 0;
}
