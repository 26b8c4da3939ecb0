import type pg from 'pg';
import { on, type Query, run, type Statement, transaction, within } from '../database/pool.js';
import { BEFORE_ALL } from '../directory/page.js';
import type { Reason } from '../directory/progress-list.js';
import { type Actor, lockUser } from '../directory/users.js';
import { updateUsers } from '../directory/write-users.js';
import { InvariantError, RefusedError } from '../errors.js';
import type { InstanceId, UserId } from '../ids.js';
import { changedUser } from '../scim/asserted-user.js';
import { overlay } from '../scim/protocol/multi-valued.js';
import { releaseHeld, revertHeld } from './brake.js';

/** What an operator can do about one user; the names that the Temporal UI has too. */
export const USER_ACTIONS = ['retryNow', 'takeDefaultManager', 'abandon'] as const;
export type UserAction = (typeof USER_ACTIONS)[number];

/** What an operator can do about many users of an instance. */
export const INSTANCE_ACTIONS = ['retryStuck', 'releaseHeld', 'revertHeld'] as const;
export type InstanceAction = (typeof INSTANCE_ACTIONS)[number];

const statement = (name: string, call: string): Statement => ({ name, text: `select ${call} as done` });
const RETRY_ONE = statement('retry_user', `note_action($1, $2, 'user.retryNow', $3, $4, $5)`);
const TAKE_DEFAULT_MANAGER = statement('take_default_manager', 'take_default_manager($1, $2, $3, $4, $5)');
const ABANDON = statement('abandon_account', 'abandon_account($1, $2, $3, $4, $5)');
const NOTE = statement('note_action', `note_action($1, $2, 'user.abandon', $3, $4, $5)`);

/**
 * Does an operator's action on a user: written down with its reason and a kick in one transaction, so that it is
 * done with or without Temporal. Retrying brings forward what the run does next by itself; the default manager is taken only by who
 * waits for another; abandoning gives up what the user is stuck with. A deactivation is abandoned by asserting the user active.
 * @throws RefusedError `not_found`, `nothing_to_do`, `user_deleted`; UnavailableError
 */
export async function actOnUser(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId,
  action: UserAction,
  note: string,
  by: Actor,
): Promise<void> {
  const values = [instance, user, by.actor, by.requestId, note];
  if (action === 'abandon') return abandon(pool, instance, user, values, by);
  await stateOf(on(pool), instance, user);
  if (action === 'retryNow') {
    await run(pool, RETRY_ONE, values);
    return;
  }
  const [row] = await run<{ done: boolean }>(pool, TAKE_DEFAULT_MANAGER, values);
  if (row?.done !== true) throw nothingToDo('The user does not wait for a manager.');
}

/** All or nothing, and of what is so now: whoever asserts something meanwhile waits, or was waited for. */
const abandon = (
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
  values: readonly unknown[],
  by: Actor,
): Promise<void> =>
  transaction(pool, async (client) => {
    await client.query('select lock_instance($1)', [instance]);
    const query = within(client);
    if ((await query<{ done: boolean }>(ABANDON, values))[0]?.done === true) return;
    const stored = await lockUser(client, { instance, id });
    const { deleted, wanted, status, isSettled } = await stateOf(query, instance, id);
    if (deleted) throw new RefusedError('user_deleted', 'The user was deleted in Okta, and stays off.');
    // A version like any other: SCIM shows it, and Okta's next `active: false` is a change again.
    const user = stored && changedUser(stored, (before) => overlay(before, { active: true }));
    if (wanted !== 'suspended' || status !== 'suspended' || isSettled || user === undefined) {
      throw nothingToDo('The user is neither stuck at the application nor being deactivated.');
    }
    const [written] = await updateUsers(query, [{ instance, user, by }]);
    if (written !== true) throw new InvariantError('A user was written by somebody who does not hold the account.');
    await query(NOTE, values);
  });

interface State {
  readonly wanted: string;
  readonly status: string;
  readonly deleted: boolean;
  readonly isSettled: boolean;
}

const STATE: Statement = {
  name: 'state_of_user',
  text: `
    select a.wanted, a.status, u.deleted_at is not null as deleted, p.stage is not distinct from 'deactivated' as "isSettled"
    from accounts a
    join users u on u.instance_id = a.instance_id and u.id = a.id
    left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
    where a.instance_id = $1 and a.id = $2`,
};

async function stateOf(query: Query, instance: InstanceId, user: UserId): Promise<State> {
  const [row] = await query<State>(STATE, [instance, user]);
  if (row === undefined) throw new RefusedError('not_found', `There is no account ${user} in this instance.`);
  return row;
}

const nothingToDo = (why: string): RefusedError => new RefusedError('nothing_to_do', why);

const RETRY_ALL: Statement = { name: 'retry_users', text: 'select count, last from retry_users($1, $2, $3, $4)' };
const NOTE_RETRY: Statement = {
  name: 'note_retry',
  text: `insert into audit_log (instance_id, actor, action, outcome, request_id, note)
    values ($1, $3, 'instance.retryStuck' || coalesce(':' || $2, ''), 'accepted', $4, $5)`,
};
/** So many users a statement is about: each has its time. */
const AT_ONCE = 1_000;

/**
 * Tries all of an instance's stuck users again at once, or those of one reason; or releases or reverts the hold of all whom the brake
 * holds (rule 12). @returns how many; @throws UnavailableError
 */
export async function actOnInstance(
  pool: pg.Pool,
  instance: InstanceId,
  action: InstanceAction,
  code: Reason | undefined,
  note: string,
  by: Actor,
): Promise<number> {
  if (action === 'releaseHeld') return releaseHeld(pool, instance, note, by);
  if (action === 'revertHeld') return revertHeld(pool, instance, note, by);
  await run(pool, NOTE_RETRY, [instance, code ?? null, by.actor, by.requestId, note]);
  let count = 0;
  for (let after: string | null = BEFORE_ALL; after !== null; ) {
    const values: unknown[] = [instance, code ?? null, after, AT_ONCE];
    const [page] = await run<{ count: number; last: string | null }>(pool, RETRY_ALL, values);
    count += page?.count ?? 0;
    after = page?.last ?? null;
  }
  return count;
}
