import type pg from 'pg';
import type { Query, Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { columns, runStep, type UserAt } from './accounts.js';

const JOIN_TEAMS: Statement = { name: 'join_teams', text: 'select join_teams as id from join_teams($1, $2, $3, true)' };
const REJOIN_TEAMS: Statement = { ...JOIN_TEAMS, name: 'rejoin_teams', text: JOIN_TEAMS.text.replace('true', 'false') };

/**
 * Evaluates these users themselves: each joins its manager's team (or the default manager's), and who is no longer active
 * leaves every team. A wait that still stands is over with it (guard 4).
 * @returns whose version is still the asserted one; the others were left alone.
 * @throws UnavailableError
 */
export const joinTeams = (pool: pg.Pool, instance: InstanceId, users: readonly UserAt[]): Promise<Set<UserId>> =>
  runStep(pool, JOIN_TEAMS, instance, users);

/** The same, within a transaction. @throws UnavailableError */
export async function joinTeamsBy(query: Query, instance: InstanceId, users: readonly UserAt[]): Promise<void> {
  await query(JOIN_TEAMS, [instance, ...columns(users)]);
}

/** The same, but a wait that stands goes on: who was assigned again waits for an unknown manager like anybody (rule 4). @throws UnavailableError */
export const rejoinTeams = (pool: pg.Pool, instance: InstanceId, users: readonly UserAt[]): Promise<Set<UserId>> =>
  runStep(pool, REJOIN_TEAMS, instance, users);
