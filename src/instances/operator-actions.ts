import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { Reason } from '../directory/progress-list.js';
import { userDirectory } from '../directory/user-directory.js';
import type { Actor } from '../directory/users.js';
import { RefusedError } from '../errors.js';
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
 * Does an operator's action on a user (design section 3): written down with its reason and a kick in one transaction, so that it is
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
  const perform = async (what: Statement): Promise<boolean> =>
    (await run<{ done: boolean }>(pool, what, values))[0]?.done === true;
  const state = await stateOf(pool, instance, user);
  switch (action) {
    case 'retryNow':
      await run(pool, RETRY_ONE, values);
      return;
    case 'takeDefaultManager':
      if (!(await perform(TAKE_DEFAULT_MANAGER))) throw nothingToDo('The user does not wait for a manager.');
      return;
    default:
      if (await perform(ABANDON)) return;
      if (state.deleted) throw new RefusedError('user_deleted', 'The user was deleted in Okta, and stays off.');
      if (state.wanted !== 'suspended' || state.status !== 'suspended' || state.isSettled) {
        throw nothingToDo('The user is neither stuck at the application nor being deactivated.');
      }
      await assertActive(pool, instance, user, state.version, by);
      await run(pool, NOTE, values);
  }
}

interface State {
  readonly wanted: string;
  readonly status: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly isSettled: boolean;
}

const STATE: Statement = {
  name: 'state_of_user',
  text: `
    select a.wanted, a.status, u.version::integer, u.deleted_at is not null as deleted, p.stage is not distinct from 'deactivated' as "isSettled"
    from accounts a
    join users u on u.instance_id = a.instance_id and u.id = a.id
    left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
    where a.instance_id = $1 and a.id = $2`,
};

async function stateOf(pool: pg.Pool, instance: InstanceId, user: UserId): Promise<State> {
  const [row] = await run<State>(pool, STATE, [instance, user]);
  if (row === undefined) throw new RefusedError('not_found', `There is no account ${user} in this instance.`);
  return row;
}

/** A version like any other: SCIM shows it, and Okta's next `active: false` is a change again. */
async function assertActive(
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
  version: number,
  by: Actor,
): Promise<void> {
  await userDirectory(pool).change({ instance, id }, (stored) => {
    // Only what was looked at is given up: what Okta has said since stands.
    if (stored.version !== version) return undefined;
    const user = changedUser(stored, (before) => overlay(before, { active: true }));
    return user && { instance, user, by };
  });
}

const nothingToDo = (why: string): RefusedError => new RefusedError('nothing_to_do', why);

const RETRY_ALL: Statement = { name: 'retry_users', text: 'select retry_users($1, $2, $3, $4, $5) as count' };

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
  const [row] = await run<{ count: number }>(pool, RETRY_ALL, [instance, code ?? null, by.actor, by.requestId, note]);
  return row?.count ?? 0;
}
