import type pg from 'pg';
import { run, type Statement, transaction, within } from '../database/pool.js';
import { type Actor, findUsers } from '../directory/users.js';
import { updateUsers } from '../directory/write-users.js';
import type { InstanceId, UserId } from '../ids.js';
import { changedUser } from '../scim/asserted-user.js';
import { overlay } from '../scim/protocol/multi-valued.js';

const RELEASE: Statement = { name: 'release_held', text: 'select release_held($1, $2, $3, $4, $5, $6) as count' };
const HELD: Statement = {
  name: 'held_users',
  text: 'select a.id from accounts a where a.instance_id = $1 and is_held(a) order by a.id',
};
const PAGE = 500;

/**
 * Lets all whom an instance's brake holds at this moment go on with their deactivation, page by page (rule 12). @returns how many;
 * @throws UnavailableError
 */
export async function releaseHeld(pool: pg.Pool, instance: InstanceId, note: string, by: Actor): Promise<number> {
  const ids = (await run<{ id: UserId }>(pool, HELD, [instance])).map(({ id }) => id);
  let count = 0;
  let at = 0;
  do {
    const values = [instance, ids.slice(at, at + PAGE), at === 0, by.actor, by.requestId, note];
    const [row] = await run<{ count: number }>(pool, RELEASE, values);
    count += row?.count ?? 0;
    at += PAGE;
  } while (at < ids.length);
  return count;
}

const REVERTED = `select a.id from accounts a join users u on u.instance_id = a.instance_id and u.id = a.id
  where a.instance_id = $1 and is_held(a) and u.deleted_at is null order by a.id for no key update of a`;

/**
 * Gives all whom an instance's brake holds their access back, all or none: each is asserted active, a version like any other, which
 * SCIM shows. Who was deleted meanwhile can't come back, and goes on. @returns how many came back; @throws UnavailableError
 */
export function revertHeld(pool: pg.Pool, instance: InstanceId, note: string, by: Actor): Promise<number> {
  return transaction(pool, async (client) => {
    await client.query('select lock_instance($1)', [instance]);
    const { rows } = await client.query<{ id: UserId }>(REVERTED, [instance]);
    const query = within(client);
    for (let at = 0; at < rows.length; at += PAGE) {
      const page = rows.slice(at, at + PAGE).map(({ id }) => ({ instance, id }));
      const assertions = (await findUsers(query, page)).flatMap((stored) => {
        const user = stored && changedUser(stored, (before) => overlay(before, { active: true }));
        return user === undefined ? [] : [{ instance, user, by }];
      });
      await updateUsers(query, assertions);
    }
    await client.query(
      `insert into audit_log (instance_id, actor, action, user_id, outcome, request_id, note)
       select $1, $2, 'user.revert', reverted.id, 'accepted', $3, $4 from unnest($5::uuid[]) as reverted (id)`,
      [instance, by.actor, by.requestId, note, rows.map(({ id }) => id)],
    );
    const left = (await query<{ id: UserId }>(HELD, [instance])).map(({ id }) => id);
    await client.query(RELEASE.text, [instance, left, true, by.actor, by.requestId, note]);
    return rows.length;
  });
}
