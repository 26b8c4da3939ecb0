import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type Random, seededRandom } from '../src/demo/random.js';
import { faultProxy } from '../test/support/fault-proxy.js';
import { startRecordingApplication } from '../test/support/recording-application.js';
import { pushGroup } from './clients/groups.js';
import { importPeople } from './clients/imports.js';
import { followEvents, watchAlways } from './clients/observers.js';
import { operate, retryStuck } from './clients/operators.js';
import { lookOverTheWall } from './clients/outsider.js';
import { actForPerson } from './clients/people.js';
import type { Cluster } from './cluster.js';
import { FAULTS } from './faults/faults.js';
import { INVARIANTS, unsettled } from './invariants.js';
import { Ledger } from './ledger.js';
import { createTenant } from './tenants.js';
import type { ClientOf, Tenant, World } from './world.js';

const QUIET_MS = 120_000;
const RETRY_MS = 3_000;
/** How long the application takes to answer, at the most. */
const ANSWER_MS = 40;
/** How many of what is wrong of a kind are told. */
const TOLD = 20;

export interface Seed {
  readonly seed: number;
  readonly minutes: number;
  readonly people: number;
  /** Names of faults that may come. */
  readonly faults: readonly string[];
  /** How many times as long clients think, if not once. */
  readonly calm?: number;
  /** Where the ledger goes. */
  readonly ledgerFile: string;
}

/** What came of a seed. */
export interface Proof {
  readonly seed: number;
  /** The faults that came, in their order. */
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** How long it took to come to rest. */
  readonly restMs: number;
  /** What is wrong, a line each. */
  readonly wrong: readonly string[];
}

/** Plays one seed against a cluster, in instances of its own: clients, faults, rest, and what must be true in the end. */
export async function prove(cluster: Cluster, options: Seed): Promise<Proof> {
  const { seed } = options;
  const random = seededRandom(`proof ${seed}`);
  const application = await startRecordingApplication();
  application.answer = async () => {
    await delay(Math.random() * ANSWER_MS);
    return { status: 204 };
  };
  const applicationLink = await faultProxy(application.url);
  const ledger = new Ledger(options.ledgerFile);
  const stopping = new AbortController();
  const resting = new AbortController();
  setMaxListeners(0, stopping.signal);
  try {
    const tenants: Tenant[] = [];
    for (const name of ['north', 'south'])
      tenants.push(
        await createTenant(cluster, `${name}-${seed}`, { url: applicationLink.url, people: options.people }),
      );
    const world: World = {
      cluster,
      application,
      applicationLink,
      tenants,
      ledger,
      seen: [],
      poisoned: new Set(),
      calm: options.calm ?? 1,
      signal: stopping.signal,
    };
    const clients = startClients(world, random);
    const feeds = tenants.map((tenant, at) =>
      followEvents({ world, tenant, random: random.fork(`${at} feed`) }, resting.signal),
    );
    const doing = doFaults(world, options, random.fork('nemesis'));
    // Whatever comes of it, nobody writes into a ledger that is closed, and whoever was frozen goes on while it is watched.
    await Promise.allSettled([doing]);
    await Promise.all(cluster.later.splice(0));
    stopping.abort();
    await clients;
    const faults = await doing;
    world.seen.push(...(await refusedForNothing(world)));
    const began = performance.now();
    const restless = await rest(world, random);
    resting.abort();
    const cursors = await Promise.all(feeds);
    if (ledger.count('ok') < options.people) world.seen.push(`only ${ledger.count('ok')} writes were acknowledged`);
    if (options.faults.length === 0)
      world.seen.push(...application.repeated.map((id) => `guard 7 ${id} was told again though it was taken`));
    const wrong = restless.slice(0, TOLD).map((line) => `I9 has not come to rest: ${line}`);
    for (const [name, check] of Object.entries(INVARIANTS))
      wrong.push(...(await check({ ...world, cursors })).slice(0, TOLD).map((line) => `${name}: ${line}`));
    return {
      seed,
      faults,
      acknowledged: ledger.count('ok'),
      refused: ledger.count('fail'),
      unknown: ledger.count('unknown'),
      restMs: Math.round(performance.now() - began),
      wrong: [...world.seen.slice(0, TOLD), ...wrong],
    };
  } finally {
    stopping.abort();
    resting.abort();
    ledger.close();
    await applicationLink.close();
    await application.close();
  }
}

/** Members of a group that mean nobody. */
const STRANGERS = Array.from({ length: 12 }, (_, n) => `stranger ${n}`);
/** Whom files make. */
const LENT = Array.from({ length: 20 }, (_, n) => `q${n}`);

/** Starts all clients but those of the feeds. One that fails is wrong, and ends no other. @returns when all have ended */
function startClients(world: World, random: Random): Promise<unknown> {
  const clients: Promise<unknown>[] = [watchAlways(world)];
  for (const [at, tenant] of world.tenants.entries()) {
    const other = world.tenants[1 - at];
    const of = (label: string): ClientOf => ({ world, tenant, random: random.fork(`${at} ${label}`) });
    clients.push(
      ...tenant.people.map((name) => actForPerson(of(name), name)),
      ...LENT.slice(0, 8).map((name) => actForPerson(of(name), name, true)),
      importPeople(of('files'), LENT),
      pushGroup(of('group 1'), 'Group', STRANGERS.slice(0, 6), STRANGERS),
      pushGroup(of('group 2'), 'Group', STRANGERS.slice(6)),
      operate(of('operator')),
    );
    if (other !== undefined) clients.push(lookOverTheWall(of('wall'), other));
  }
  const told = (error: unknown): void => void world.seen.push(`a client of the proof has failed: ${inspect(error)}`);
  return Promise.all(clients.map((client) => client.catch(told)));
}

/** One fault after the other for so many minutes. @returns which were done */
async function doFaults(world: World, { minutes, faults }: Seed, random: Random): Promise<string[]> {
  const end = performance.now() + minutes * 60_000;
  const done: string[] = [];
  let drawn = 0;
  while (performance.now() < end) {
    await delay(500 + random.below(2_000));
    if (faults.length === 0) continue;
    const name = random.pick(faults);
    // What it draws, however often, is its own, or the next fault would be another one.
    const isDone = await FAULTS[name]?.(world, random.fork(`${drawn++} ${name}`)).catch((error: unknown) => {
      throw new Error(`${name} could not be done`, { cause: error });
    });
    if (isDone !== false) done.push(name);
  }
  return done;
}

/** F15: who is shown as refused, and was not. */
async function refusedForNothing({ cluster, tenants, poisoned }: World): Promise<string[]> {
  const { rows } = await cluster.pool.query<{ id: string }>(
    `select p.user_id as id from progress p where p.instance_id = any ($1) and p.stage = 'stuck' and p.reason = 'application_refused'
       and p.user_id <> all ($2::uuid[])`,
    [tenants.map(({ instance }) => instance), [...poisoned]],
  );
  return rows.map(({ id }) => `F15 ${id} is shown as refused, and was not`);
}

/** Has whoever is stuck tried again, and waits. @returns who has not come to rest in time */
async function rest(world: World, random: Random): Promise<readonly string[]> {
  const instances = world.tenants.map(({ instance }) => instance);
  const end = performance.now() + QUIET_MS;
  let retryAt = 0;
  for (;;) {
    const restless = await unsettled(world.cluster.pool, instances).catch(() => ['PostgreSQL does not answer']);
    if (restless.length === 0 || performance.now() > end) return restless;
    if (performance.now() > retryAt && restless.some((line) => line.includes('stuck'))) {
      retryAt = performance.now() + RETRY_MS;
      await Promise.all(world.tenants.map((tenant) => retryStuck({ world, tenant, random })));
    }
    await delay(300);
  }
}
