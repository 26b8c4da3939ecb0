import type pg from 'pg';
import { type Person, person, userNameOf } from './people.js';
import { type ScimClient, scimClient } from './scim-client.js';
import { type BenchInstance, makeInstance, seedPeople } from './seed.js';

/** An instance with managers, and people to come who report to them. */
export interface Newcomers {
  readonly instance: BenchInstance;
  readonly scim: ScimClient;
  /** The next one to come. */
  readonly next: () => Person;
  /** True where all who came are in their teams, and settled. */
  readonly areSettled: () => Promise<boolean>;
  /** True where the application has been told of all of them, too. */
  readonly areAnnounced: () => Promise<boolean>;
  /** No rate counts where people are not where they belong. @throws Error where not all who came are in a team */
  readonly checkTeams: () => Promise<void>;
}

const MANAGERS = 50;

export async function makeNewcomers(pool: pg.Pool, origin: string, slug: string): Promise<Newcomers> {
  const instance = await makeInstance(pool, slug, 60);
  const managers = Array.from({ length: MANAGERS }, (_, n) => person(n, undefined));
  await seedPeople(pool, instance.slug, managers);
  let came = 0;
  const isNobody = async (name: string, text: string): Promise<boolean> =>
    (await pool.query({ name, text, values: [instance.slug] })).rowCount === 0;
  return {
    instance,
    scim: scimClient(origin, instance.token),
    next: () => person(MANAGERS + came, userNameOf(came++ % MANAGERS)),
    areSettled: () =>
      isNobody(
        'unsettled',
        'select from accounts where instance_id = $1 and applied_version < asserted_version limit 1',
      ),
    areAnnounced: () =>
      isNobody(
        'unannounced',
        `select from accounts where instance_id = $1 and origin = 'assigned' and announced < revision limit 1`,
      ),
    checkTeams: async () => {
      const { rows } = await pool.query<{ assigned: number }>(
        `select count(*)::integer as assigned from accounts where instance_id = $1 and origin = 'assigned' and team_id is not null`,
        [instance.slug],
      );
      const assigned = rows[0]?.assigned;
      if (assigned !== came) throw new Error(`${assigned} instead of ${came} are in their team.`);
    },
  };
}
