import type pg from 'pg';
import { isMain } from '../src/main-module.js';
import { startApplications } from './support/application.js';
import { type Bench, runBenches } from './support/command.js';
import type { Finding } from './support/findings.js';
import { makeNewcomers, type Newcomers } from './support/newcomers.js';
import { runNoops, startNoops } from './support/noops.js';
import { startRoster } from './support/roster.js';
import type { Stage } from './support/stage.js';
import { median, quantile, ratios } from './support/statistics.js';
import { timed, until } from './support/until.js';

/**
 * From a SCIM create to the joined team. Sustained: so many users with known managers are created at once, and the time is
 * taken until the last one is settled, beside as many workflows of three no-op local activities, 20 in flight and each
 * awaited, on the same Temporal server (a dev server on a SQLite file, as `roster dev` starts it, unless TEMPORAL_ADDRESS
 * names another) in alternating rounds. Unloaded: users are created one after another, and the time is taken from each
 * answer to the account being settled in its team. The same once more in an instance whose application answers in 20 ms,
 * to the joined team and to the application having taken everything.
 */
export const convergence: Bench = {
  name: 'convergence',
  about: 'workflows a second from SCIM create to joined team, beside a workflow of three no-op local activities',
  measure,
};

const POSTS_AT_ONCE = 10;

/** How fast one round, or one user, came so far; `announced` is `joined` where there is no application. */
interface Way {
  readonly joined: number;
  readonly announced: number;
}

/** An instance with or without an application, and what was measured in it. */
interface Side {
  readonly newcomers: Newcomers;
  readonly hasApplication: boolean;
  /** Of each round, in users a second. */
  readonly rates: Way[];
  /** Of single users, in milliseconds. */
  readonly times: Way[];
}

const sideOf = (newcomers: Newcomers, hasApplication: boolean): Side => ({
  newcomers,
  hasApplication,
  rates: [],
  times: [],
});

async function measure(stage: Stage, quick: boolean): Promise<Finding[]> {
  const [rounds, users, singles] = quick ? [2, 200, 20] : [5, 1_000, 50];
  const { url, pool } = await stage.database('convergence', true);
  const { origin } = await startRoster(stage, url, 'roster');
  const alone = sideOf(await makeNewcomers(pool, origin, 'alone'), false);
  const told = sideOf(await makeNewcomers(pool, origin, 'told'), true);
  await (await startApplications(stage)).give(pool, told.newcomers.instance, 'taking');
  const noops = await startNoops(stage);

  const bare: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      stage.report(`${users} workflows each, ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      const bareMs = await timed(() => runNoops(noops, users));
      if (round > 0) bare.push((users / bareMs) * 1_000);
      for (const side of [alone, told]) {
        const rate = await rush(side, users);
        if (round > 0) side.rates.push(rate);
      }
    }
    stage.report(`${singles} users one after another, of each instance in turn`);
    for (let n = 0; n < singles; n++) {
      for (const side of [alone, told]) side.times.push(await single(pool, side));
    }
    return [
      { ...sustained('joined team', joined(alone.rates), bare), bar: { atLeast: 0.7 } },
      { ...unloaded('joined team', joined(alone.times)), bar: { atMost: 150 } },
      sustained(`joined team${WITH}`, joined(told.rates), bare),
      sustained(`announced${WITH}`, announced(told.rates), bare),
      unloaded(`joined team${WITH}`, joined(told.times)),
      unloaded(`announced${WITH}`, announced(told.times)),
    ];
  } finally {
    for (const side of [alone, told]) await side.newcomers.scim.close();
    await noops.connection.close();
  }
}

const joined = (list: readonly Way[]): number[] => list.map((way) => way.joined);
const announced = (list: readonly Way[]): number[] => list.map((way) => way.announced);

const WITH = ' with an application of 20 ms';

const sustained = (where: string, rates: readonly number[], bare: readonly number[]): Finding => ({
  work: `SCIM create to ${where}, sustained`,
  unit: 'ratio',
  values: ratios(rates, bare),
  beside: `${median(rates).toFixed(0)}/s : ${median(bare).toFixed(0)}/s on a Temporal dev server`,
});

const unloaded = (where: string, values: readonly number[]): Finding => ({
  work: `SCIM create to ${where}, unloaded`,
  unit: 'ms',
  values,
  beside: `p95 ${quantile(values, 0.95).toFixed(0)} ms`,
});

/** Creates so many users as fast as it goes. @returns users a second until the last of them is there */
async function rush({ newcomers, hasApplication }: Side, users: number): Promise<Way> {
  const people = Array.from({ length: users }, newcomers.next);
  const began = performance.now();
  const rate = (): number => (users / (performance.now() - began)) * 1_000;
  await newcomers.scim.createAll(people, POSTS_AT_ONCE);
  await until('all are settled', newcomers.areSettled, 50);
  const way = { joined: rate() };
  if (hasApplication) await until('all are announced', newcomers.areAnnounced, 50);
  const announced = hasApplication ? rate() : way.joined;
  await newcomers.checkTeams();
  return { ...way, announced };
}

/** Creates one user. @returns milliseconds from the answer of the POST */
async function single(pool: pg.Pool, { newcomers, hasApplication }: Side): Promise<Way> {
  const id = await newcomers.scim.create(newcomers.next());
  const isSo = async (name: string, condition: string): Promise<boolean> => {
    const text = `select from accounts where instance_id = $1 and id = $2 and team_id is not null and ${condition}`;
    return (await pool.query({ name, text, values: [newcomers.instance.slug, id] })).rowCount === 1;
  };
  const began = performance.now();
  await until('the user is in the team', () => isSo('settled', 'applied_version = asserted_version'), 2);
  const joined = performance.now() - began;
  if (hasApplication) await until('the user is announced', () => isSo('announced', 'announced = revision'), 2);
  return { joined, announced: performance.now() - began };
}

if (isMain(import.meta.url)) await runBenches([convergence]);
