import { inParallel } from './in-parallel.js';
import type { ModelUser } from './manager-model.js';
import type { ScimGroup, ScimUser } from './okta-answers.js';
import type { ManagerPath, OktaProfile } from './okta-bodies.js';
import { type ClientFamily, createOktaClient } from './okta-client.js';
import type { Authorization } from './okta-connection.js';
import { inventOrganisation } from './organisation.js';
import { seededRandom } from './random.js';
import { type Part, parts } from './session-parts.js';
import type { Employee, World } from './session-world.js';

export interface SessionOptions {
  readonly scimUrl: string;
  readonly token: string;
  readonly family: ClientFamily;
  readonly seed: string | number;
  /** 300 unless told, in four levels. */
  readonly people?: number;
  readonly levels?: number;
  /** People whom Okta works on at once; 8 unless told. */
  readonly concurrency?: number;
  /** Called between the parts of the session with the name of the next: to wait for the server there, or to say it. */
  readonly between?: (next: string) => Promise<void> | void;
}

/** One person at the end of a session, as the app was told last. */
export interface AssertedPerson {
  readonly id: string;
  readonly active: boolean;
  readonly profile: OktaProfile;
}

export interface SessionResult {
  readonly people: readonly AssertedPerson[];
  /** What the import at the end found: everybody, and who is not Okta's. */
  readonly imported: readonly ScimUser[];
  /** The groups pushed, as the app was told last, and as the import at the end found them. */
  readonly groups: readonly AssertedGroup[];
  readonly importedGroups: readonly ScimGroup[];
  readonly requests: number;
}

/** A group at the end of a session. */
interface AssertedGroup {
  readonly id: string;
  readonly displayName: string;
  /** SCIM ids. */
  readonly members: readonly string[];
}

const LATE_SHARE = 0.04;

/**
 * Plays Okta through a customer's life against any Roster: test credentials, everybody assigned in random order, changes of
 * every kind, people unassigned and assigned again, late hires, groups pushed and changed, an import. One seed is one session, but for the order in
 * which concurrent requests arrive.
 * @throws OktaTaskError, OktaRequirementError, and what `between` throws.
 */
export async function playSession(options: SessionOptions): Promise<SessionResult> {
  const { family, people = 300, levels = 4, concurrency = 8 } = options;
  const random = seededRandom(`${family} ${options.seed}`);
  const domain = 'customer.example';
  const employees = inventOrganisation(random.fork('organisation'), { people, levels, domain }).map(
    (profile): Employee => ({ profile, sent: undefined, id: undefined, assigned: false }),
  );
  // The first two levels are small and manage many: some of them come late.
  const late = new Set(random.shuffled(employees.slice(1, Math.ceil(people / 4))).slice(0, people * LATE_SHARE));

  let requests = 0;
  const client = createOktaClient({
    url: options.scimUrl,
    token: options.token,
    family,
    random: random.fork('client'),
    connections: concurrency,
    managerPath: random.pick<ManagerPath>(['value', 'value', 'managerId', 'displayName']),
    authorization: family === 'AIW' ? 'bearer' : random.pick<Authorization>(['bearer', 'header', 'basic']),
    onExchange: () => {
      requests += 1;
    },
  });
  try {
    const world: World = { client, random, domain, employees, late, formerKeys: [], groups: [] };
    await client.testCredentials();
    for (const part of parts) {
      await options.between?.(part.name);
      await playPart(part, world, concurrency);
    }
    return {
      people: employees.map(asserted),
      imported: await client.importUsers(),
      groups: world.groups.map(({ id, displayName, members }) => ({
        id,
        displayName,
        members: [...members].map((one) => asserted(one).id),
      })),
      importedGroups: await client.groups.importGroups(),
      requests,
    };
  } finally {
    await client.close();
  }
}

async function playPart(part: Part, world: World, concurrency: number): Promise<void> {
  const tasks = part.tasks(world);
  await inParallel(world.random.shuffled(tasks), concurrency, (task) => task());
}

/**
 * Somebody whom Okta has assigned at some time, as the rules see them: what the app was told, and nothing that it made of
 * it. `created` says who is older; a role is the one that a new user begins with.
 */
export const modelUserOf = ({ id, active, profile }: AssertedPerson, created: number): ModelUser => ({
  id,
  externalId: profile.externalId,
  userName: profile.userName,
  displayName: profile.displayName,
  name: { givenName: profile.givenName, familyName: profile.familyName },
  emails: [{ value: profile.email, primary: true }],
  status: active ? 'active' : 'suspended',
  managerReference: profile.manager?.reference ?? null,
  created,
  role: 'individual',
  coachSince: null,
});

function asserted({ id, sent, assigned }: Employee): AssertedPerson {
  if (id === undefined || sent === undefined) throw new Error('A session ended with somebody never assigned.');
  return { id, active: assigned, profile: sent };
}
