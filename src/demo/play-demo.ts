import { type AdminView, createAdminView } from './admin-view.js';
import { demoCast } from './demo-cast.js';
import { demoTable, describeExchange } from './demo-lines.js';
import { type DemoRow, judge, modelUserFrom, type Verdict } from './demo-verdict.js';
import { createWatch } from './demo-watch.js';
import type { ModelUser } from './manager-model.js';
import { OktaTaskError } from './okta-answers.js';
import type { OktaProfile } from './okta-bodies.js';
import { type ClientFamily, createOktaClient } from './okta-client.js';
import { seededRandom } from './random.js';
import type { AssertedPerson } from './session.js';

export interface DemoOptions {
  readonly scimUrl: string;
  readonly scimToken: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  /** The slug of the instance that the SCIM token is for. */
  readonly instance: string;
  /** Is given each line as it happens. */
  readonly say: (line: string) => void;
  /** Fixes the order in which people are assigned; a random one unless given. */
  readonly seed?: string | undefined;
  /** OIN, which patches `active`, unless told. */
  readonly family?: ClientFamily | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DemoResult {
  /** True if everybody came out as the rules say, after each part of the demo. */
  readonly ok: boolean;
  readonly rows: readonly DemoRow[];
  /** What was not as the rules say, a sentence each. */
  readonly faults: readonly string[];
  readonly requests: number;
  readonly seed: string;
}

/**
 * Plays Okta with twelve people against a Roster, over HTTP alone: tests the credentials, assigns them in random order, one
 * manager late, changes a title, unassigns a manager and assigns her again; says each request and what became of each
 * account, and ends with a table. People of an earlier run are found and linked, as Okta does.
 * @throws Error in one line, where the Roster can't be reached, refuses a token or a request, or answers what Okta could
 * not work with.
 */
export async function playDemo(options: DemoOptions): Promise<DemoResult> {
  const { say, signal, seed = String(Math.floor(Math.random() * 1e6)) } = options;
  const random = seededRandom(seed);
  const admin = createAdminView(options);
  const watch = createWatch({ admin, say, signal });
  const { people, late, promoted, leaving, nobody } = demoCast();
  const asserted = new Map<string, AssertedPerson>();
  const faults: string[] = [];
  let requests = 0;

  const client = createOktaClient({
    url: options.scimUrl,
    token: options.scimToken,
    family: options.family ?? 'OIN',
    random: random.fork('bodies'),
    onExchange: (exchange) => {
      requests += 1;
      say(`   ${describeExchange(exchange)}`);
    },
  });

  const assign = async (profile: OktaProfile): Promise<void> => {
    signal?.throwIfAborted();
    const { id } = await client.assign(profile);
    asserted.set(profile.externalId, { id, active: true, profile });
  };

  const restate = (profile: OktaProfile, active: boolean): void => {
    const { id } = asserted.get(profile.externalId) ?? {};
    if (id !== undefined) asserted.set(profile.externalId, { id, active, profile });
  };

  const inOrder = (rows: readonly DemoRow[]): DemoRow[] =>
    people.flatMap(({ userName }) => rows.filter((row) => row.userName === userName));

  /** Something that Okta does, how everybody settles after it, and whether all is then as the rules say. */
  const part = async (title: string, act: () => Promise<void>): Promise<Verdict> => {
    say(`\n${title}`);
    await act();
    const everybody = [...asserted.values()];
    const unsettled = await watch.untilSettled(everybody);
    const { defaultManager } = await admin.instance();
    const fallback = defaultManager === null ? undefined : watch.accounts.get(defaultManager.id);
    const verdict = judge(everybody, watch.accounts, fallback, await alreadyThere(admin, late, nobody));
    const found = [...unsettled, ...verdict.faults];
    for (const fault of found) say(`   ✗ ${fault}`);
    faults.push(...found);
    return verdict;
  };

  try {
    await needSwitches(admin);
    say(`Okta presses Test API Credentials: ${options.scimUrl}, instance ${options.instance}`);
    await client.testCredentials();
    await watch.untilReady();
    await part(`Okta assigns ${people.length - 1} people, in an order of its own (seed ${seed}):`, async () => {
      for (const profile of random.shuffled(people.filter((one) => one !== late))) await assign(profile);
    });
    await part(`Okta assigns ${late.displayName}, late: who fell back and names her moves over by itself`, () =>
      assign(late),
    );
    await part(`${promoted.displayName} gets another title`, async () => {
      const profile = { ...promoted, title: `Senior ${promoted.title}` };
      await client.pushProfile(profile);
      restate(profile, true);
    });
    await part(`Okta unassigns ${leaving.displayName}, a manager: her reports go to the default manager`, async () => {
      await client.unassign(leaving);
      restate(leaving, false);
    });
    const last = await part(`Okta assigns ${leaving.displayName} again: the same id, and her reports come back`, () =>
      assign(leaving),
    );
    const rows = inOrder(last.rows);
    const ok = faults.length === 0;
    say(`\n${demoTable(rows)}`);
    say(ok ? `All as the rules say, after ${requests} requests.` : `${faults.length} faults, each with a ✗ above.`);
    return { ok, rows, faults, requests, seed };
  } catch (error) {
    throw error instanceof OktaTaskError ? new Error(explain(error, options.scimUrl), { cause: error }) : error;
  } finally {
    await client.close();
  }
}

/** Whom the people name but Okta has not (yet) assigned: an earlier run, or somebody's own hand, may have left them here. */
async function alreadyThere(admin: AdminView, late: OktaProfile, nobody: string): Promise<ModelUser[]> {
  const [former, stranger] = await Promise.all([late.userName, nobody].map((name) => admin.accountByUserName(name)));
  return [
    ...(former === undefined ? [] : [{ ...modelUserFrom(former), externalId: late.externalId }]),
    ...(stranger === undefined ? [] : [modelUserFrom(stranger)]),
  ];
}

/** Rule 9: with a switch off the server rightly does not do what the demo is about. */
async function needSwitches(admin: AdminView): Promise<void> {
  const { switches = {} } = await admin.instance();
  const off = Object.entries(switches).flatMap(([name, on]) => (on ? [] : [name]));
  if (off.length > 0)
    throw new Error(`This instance has ${off.join(', ')} switched off; the demo needs all switched on.`);
}

function explain(error: OktaTaskError, scimUrl: string): string {
  if (error.status === 0) return `Nothing answers at ${scimUrl} (${error.detail}). Is that Roster running?`;
  if (error.status === 401) return `${scimUrl} refuses the SCIM token. Give a good one as --token.`;
  return error.message;
}
