import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import { type InstanceId, isId, type UserId } from '../ids.js';
import { lowerBound, type Page } from './page.js';

/** All users of one manager; the manager is not among them (rule 6). */
export interface Team {
  readonly id: string;
  /** The manager's display name. */
  readonly name: string;
  readonly manager: { readonly id: UserId; readonly userName: string };
  readonly memberCount: number;
}

export interface TeamMember {
  readonly id: UserId;
  readonly userName: string;
  readonly displayName: string;
}

const SELECT = `
  select t.id, t.name, json_build_object('id', m.id, 'userName', m.user_name) as manager,
    (select count(*)::integer from accounts a where a.instance_id = t.instance_id and a.team_id = t.id) as "memberCount"
  from teams t join accounts m on m.instance_id = t.instance_id and m.id = t.manager_id
  where t.instance_id = $1`;
const LIST: Statement = { name: 'list_teams', text: `${SELECT} and t.id > $2 order by t.id limit $3` };
const FIND: Statement = { name: 'find_team', text: `${SELECT} and t.id = $2` };

/** One page of an instance's teams. @throws UnavailableError */
export const listTeams = (pool: pg.Pool, instance: InstanceId, page: Page): Promise<Team[]> =>
  run<Team>(pool, LIST, [instance, lowerBound(page), page.limit]);

/** A team by id, whatever the id looks like. @throws UnavailableError */
export async function findTeam(pool: pg.Pool, instance: InstanceId, id: string): Promise<Team | undefined> {
  const [team] = isId(id) ? await run<Team>(pool, FIND, [instance, id]) : [];
  return team;
}

const MEMBERS: Statement = {
  name: 'list_team_members',
  text: `
    select a.id, a.user_name as "userName", a.display_name as "displayName"
    from accounts a
    where a.instance_id = $1 and a.team_id = $2 and a.id > $3 order by a.id limit $4`,
};

/** One page of a team's members, each of which has been provisioned and so has a profile. @throws UnavailableError */
export const listTeamMembers = (pool: pg.Pool, instance: InstanceId, team: Team, page: Page): Promise<TeamMember[]> =>
  run<TeamMember>(pool, MEMBERS, [instance, team.id, lowerBound(page), page.limit]);
