import assert from 'node:assert/strict';
import { applyManagerRules, type ModelUser } from '../../src/demo/manager-model.js';
import { ENTERPRISE_USER, type ScimUser } from '../../src/demo/okta-answers.js';
import type { ClientFamily } from '../../src/demo/okta-client.js';
import { seededRandom } from '../../src/demo/random.js';
import { modelUserOf, playSession, type SessionResult } from '../../src/demo/session.js';
import { assertEqualsModel } from './compare-with-model.js';
import type { TestRoster } from './roster.js';
import { settled } from './settled.js';

/** How a session goes on: at once, so that much of it meets runs under way, or when all have come to rest. */
const PACES = ['in one go', 'settling after each part', 'settling now and then'] as const;
type Pace = (typeof PACES)[number];

/** A session as its seed decides it: six seeds in a row have both client families at each pace. */
export interface Session {
  readonly seed: number;
  readonly family: ClientFamily;
  readonly pace: Pace;
}

/** The session of a seed, from 1 on. */
export const sessionOf = (seed: number): Session => ({
  seed,
  family: seed % 2 === 1 ? 'OIN' : 'AIW',
  pace: PACES[(seed - 1) % PACES.length] ?? 'in one go',
});

/**
 * Plays one Okta session of 300 people against a Roster with nobody but its coach, and holds what came of it against the
 * rules: once from what the database says was asserted, once from what the client itself asserted.
 */
export async function provesSession(roster: TestRoster, { seed, family, pace }: Session): Promise<SessionResult> {
  const random = seededRandom(`pace ${seed}`);
  const result = await playSession({
    scimUrl: roster.scimUrl,
    token: roster.scimToken,
    family,
    seed,
    between: async () => {
      if (pace === 'settling after each part' || (pace === 'settling now and then' && random.chance(0.3))) {
        await settled(roster);
      }
    },
  });
  await settled(roster);
  await assertEqualsModel(roster.pool, roster.instance);
  assertImported(result);
  assertGroups(result);
  await assertEqualsAsserted(roster, result);
  assert.equal(result.people.length, 300);
  return result;
}

/** Everybody is to be found in the import, saying what Okta said last, and of others only the coach. */
function assertImported({ people, imported }: SessionResult): void {
  const told = new Map(imported.map((user) => [user.id, shown(user)]));
  const [coach] = imported;
  assert.equal(coach?.userName, 'coach@roster.test');
  told.delete(coach.id);
  assert.deepEqual(
    told,
    new Map(
      people
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, active, profile }) => [
          id,
          {
            externalId: profile.externalId,
            userName: profile.userName,
            active,
            names: [profile.givenName, profile.familyName, profile.displayName ?? ''],
            email: profile.email,
            title: profile.title ?? '',
            reference: profile.manager?.reference ?? '',
          },
        ]),
    ),
  );
}

/** Each pushed group has its last name and exactly its members, and each member shows it. */
function assertGroups({ groups, importedGroups, imported }: SessionResult): void {
  const summary = (id: string, displayName: string, members: readonly string[]) => [
    id,
    displayName,
    members.toSorted().join(' '),
  ];
  const byId = <Row extends readonly string[]>(rows: Row[]) => rows.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
  assert.deepEqual(
    byId(
      importedGroups.map((one) =>
        summary(
          one.id,
          one.displayName,
          (one.members ?? []).map(({ value }) => value),
        ),
      ),
    ),
    byId(groups.map((one) => summary(one.id, one.displayName, one.members))),
  );
  assert.deepEqual(
    imported.map((user) => groupsShown(user)),
    imported.map(({ id }) =>
      groups
        .filter(({ members }) => members.includes(id))
        .map((group) => group.id)
        .toSorted(),
    ),
  );
}

const groupsShown = (user: ScimUser): string[] => {
  const shown = user['groups'];
  return Array.isArray(shown) ? shown.map((group) => String(member(group, 'value'))).toSorted() : [];
};

const shown = (user: ScimUser) => ({
  externalId: user.externalId,
  userName: user.userName,
  active: user.active,
  names: [user.name.givenName, user.name.familyName, user['displayName'] ?? ''],
  email: user.emails.find(({ primary }) => primary === true)?.value,
  title: user['title'] ?? '',
  reference: reference(user),
});

/** The first of the three members of `manager` that is not blank (rule 3). */
function reference(user: ScimUser): unknown {
  const manager = member(member(user, ENTERPRISE_USER), 'manager');
  return ['value', 'managerId', 'displayName'].map((name) => member(manager, name)).find((text) => Boolean(text)) ?? '';
}

const member = (object: unknown, name: string): unknown =>
  typeof object === 'object' && object !== null ? new Map(Object.entries(object)).get(name) : undefined;

/** Status, title, manager, origin and team of each, by the rules from what the client asserted and the one coach. */
async function assertEqualsAsserted(
  { pool, instance }: TestRoster,
  { people, imported }: SessionResult,
): Promise<void> {
  const [first] = imported;
  const coach: ModelUser = {
    id: first?.id ?? '',
    externalId: null,
    userName: 'coach@roster.test',
    name: { givenName: 'First', familyName: 'Coach' },
    emails: [],
    status: 'active',
    managerReference: null,
    created: 0,
    role: 'coach',
    coachSince: 0,
  };
  const byAge = people.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const expected = applyManagerRules([coach, ...byAge.map((person, index) => modelUserOf(person, index + 1))], null);
  const { rows } = await pool.query<{ id: string }>(
    `select a.id, a.status, a.title, a.email, a.manager_id as manager, a.origin, m.id as "managerOfTeam", t.name as team
     from accounts a
     left join teams t on t.instance_id = a.instance_id and t.id = a.team_id
     left join accounts m on m.instance_id = t.instance_id and m.id = t.manager_id
     where a.instance_id = $1 and a.id <> $2 order by a.id`,
    [instance, coach.id],
  );
  assert.deepEqual(
    rows,
    byAge.map(({ id, active, profile }) => {
      const account = expected.accounts.get(id);
      return {
        id,
        status: active ? 'active' : 'suspended',
        title: profile.title ?? '',
        email: profile.email,
        manager: account?.manager,
        origin: account?.origin,
        managerOfTeam: account?.team?.managerId ?? null,
        team: account?.team?.name ?? null,
      };
    }),
  );
}
