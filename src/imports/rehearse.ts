import type pg from 'pg';
import { on, type Query, transaction, within } from '../database/pool.js';
import { decideRows, tellManagers, undecideRows, writtenRows } from '../directory/import-rows.js';
import type { Import, ImportKey } from '../directory/imports.js';
import { joinTeamsBy } from '../directory/teams.js';
import type { Actor } from '../directory/users.js';
import { type InstanceId, stageOf } from '../ids.js';
import { actOnPage, type ColumnOf, type DecidedPage, lockInstance, PAGE, readPageBy } from './write-page.js';

/** How long a statement of a rehearsal may take. */
const PATIENCE_MS = 600_000;

/** Ends the rehearsal's transaction: nothing of it stays. */
class CurtainError extends Error {
  override readonly name = 'CurtainError';
}

/**
 * Does all that an import would do, by the same statements, to a copy of its instance that is never committed, and writes down what became
 * of each row. The instance itself is read and not locked. It may be done again after a crash.
 * @param onPage is told after each page, and throws where the rehearsal is to end.
 */
export async function rehearse(
  pool: pg.Pool,
  rehearsed: Import,
  columnOf: ColumnOf,
  onPage: () => Promise<void>,
): Promise<void> {
  const key: ImportKey = rehearsed;
  const stage = stageOf(rehearsed.id);
  const by: Actor = { actor: rehearsed.actor, source: 'import', requestId: rehearsed.requestId };
  await undecideRows(pool, key);
  await transaction(pool, async (client) => {
    // The whole instance is copied by one statement.
    await client.query(`set local statement_timeout = ${PATIENCE_MS}`);
    const query = within(client, PATIENCE_MS + 1_000);
    // The planner has no statistics of the copy: a plan for this instance would take it for empty, and one for any instance goes by how large
    // the tables were when it was made.
    await client.query('set local plan_cache_mode = force_generic_plan');
    await lockInstance(query, stage);
    await setStage(query, key, stage);
    let pages = 0;
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page: DecidedPage = await readPageBy(query, key, after, stage);
      const rows = await actOnPage(query, stage, by, columnOf, page);
      // On a connection of its own: what is found stays.
      if (rows.length > 0) await decideRows(on(pool), key, rows);
      pages += 1;
      if (Number.isInteger(Math.log2(pages))) await client.query('discard plans');
      await onPage();
      after = page.last;
    }
    for (after = 0; after !== undefined; ) {
      const { rows, last }: Awaited<ReturnType<typeof writtenRows>> = await writtenRows(pool, key, after, PAGE);
      await joinTeamsBy(query, stage, rows);
      await tellManagers(query, pool, key, stage, rows);
      await onPage();
      after = last;
    }
    throw new CurtainError();
  }).catch((error: unknown) => {
    if (!(error instanceof CurtainError)) throw error;
  });
}

const ACCOUNT = [
  'id, wanted, asserted_version, applied_version, kept, unassigned_at, held_at, status, revision, user_name, display_name, email, title',
  'role, coach_since, external_id_key, user_name_key, email_key, manager_reference_key, resolved_to, circle, manager_id, origin, created_at',
].join(', ');
const USER = [
  'id, user_name, user_name_key, external_id, external_id_key, email, email_key, display_name, active, resource, manager_reference',
  'manager_reference_key, version, source, created_at, updated_at',
].join(', ');

/** The instance as it is: all accounts, since references may mean any of them, and the users of whom the file speaks. No teams: they follow. */
async function setStage(query: Query, { instance, id }: ImportKey, stage: InstanceId): Promise<void> {
  const copy = (text: string, ...more: string[]) => query({ name: '', text }, [instance, stage, ...more]);
  await copy(`insert into instances (id, name, manager_wait_seconds, scim_roles)
    select $2, name, manager_wait_seconds, scim_roles from instances where id = $1`);
  await copy(
    `insert into accounts (instance_id, ${ACCOUNT}) select $2, ${ACCOUNT} from accounts where instance_id = $1`,
  );
  await copy(`update instances i set default_manager_id = own.default_manager_id
    from instances own where i.id = $2 and own.id = $1`);
  await copy(
    `insert into users (instance_id, ${USER}) select $2, ${USER} from users u
    where u.instance_id = $1 and u.deleted_at is null and exists (
      select from import_rows r where r.instance_id = $1 and r.import_id = $3 and r.user_name_key = u.user_name_key)`,
    id,
  );
}
