import type pg from 'pg';
import { z } from 'zod';
import { findTeam, listTeamMembers, listTeams } from '../directory/team-list.js';
import { listOf, pageOf, pageQuery } from './page.js';
import { notFound } from './problem.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

/** A team is shown whole, but for the one of a million people. */
const MEMBERS_SHOWN = 10_000;

/** `/instances/{slug}/teams`. */
export function teamRoutes({ pool }: { readonly pool: pg.Pool }): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listTeams',
      summary: "An instance's teams, each with its manager and the number of its members",
      method: 'GET',
      path: '/instances/{slug}/teams',
      role: 'application',
      input: fromQuery(z.strictObject(pageQuery)),
      status: 200,
      answer: listOf(schemas.team),
      handle: ({ instance, input }) =>
        pageOf(
          input,
          (part) => listTeams(pool, instance, part),
          (team) => team.id,
        ),
    }),
    instanceRoute({
      name: 'getTeam',
      summary: `One team with its manager and members, of whom a page holds ${MEMBERS_SHOWN}`,
      method: 'GET',
      path: '/instances/{slug}/teams/{id}',
      role: 'application',
      input: fromQuery(z.strictObject({ cursor: pageQuery.cursor })),
      status: 200,
      answer: schemas.teamWithMembers,
      handle: async ({ instance, id, input: { cursor } }) => {
        const team = await findTeam(pool, instance, id);
        if (team === undefined) throw notFound(`There is no team ${id} in this instance.`);
        const members = await pageOf(
          { cursor, limit: MEMBERS_SHOWN },
          (part) => listTeamMembers(pool, instance, team, part),
          (member) => member.id,
        );
        return { ...team, members: members.items, nextCursor: members.nextCursor };
      },
    }),
  ];
}
