import type pg from 'pg';
import { isMain } from '../src/main-module.js';
import { type BenchApplications, POISON, startApplications } from './support/application.js';
import { atRate, startWatch } from './support/arrivals.js';
import { type Bench, runBenches } from './support/command.js';
import type { Finding } from './support/findings.js';
import { makeNewcomers, type Newcomers } from './support/newcomers.js';
import { startRoster } from './support/roster.js';
import type { Stage } from './support/stage.js';
import { median, quantile } from './support/statistics.js';
import { timed, until } from './support/until.js';

/**
 * Bad neighbours. Users arrive in one instance at a steady rate, well below what Roster can do here and 15 a second at
 * most, and in another at a third of it, which has a backlog of its own when the clock starts. In rounds with trouble the
 * application of the first refuses one user in a hundred for good, and that of the other, at the same address, answers
 * nobody; in rounds without it just as many users come, and both applications take everything after 20 ms. Counted are the
 * healthy users of the first instance: the time from when the POST was due to the joined team, and to the application
 * having taken everything. After each round the trouble ends, and the next waits until what hung is announced.
 */
export const poison: Bench = {
  name: 'poison',
  about: "healthy users' way to their team beside 1 % poison users and another instance's endpoint that hangs",
  measure,
};

/** A second, in the first instance, at most. */
const RATE = 15;
/** Of what Roster can do here: at more than half of it, both instances together, users would queue without any trouble. */
const SHARE = 0.375;
/** Who come at once to see what Roster can do. */
const RUSH = 200;
/** More than an instance may have in flight, so that what hangs is all there when the clock starts. */
const BACKLOG = 150;
/** Every how many users one is poison. */
const POISON_EVERY = 100;
const POISON_PLACE = 10;
const POSTS_AT_ONCE = 10;
const JOINED = 'team_id is not null and applied_version = asserted_version';
const ANNOUNCED = `${JOINED} and announced = revision`;

interface Scene {
  readonly pool: pg.Pool;
  readonly applications: BenchApplications;
  readonly ours: Newcomers;
  readonly others: Newcomers;
  /** A second, in the first instance. */
  readonly rate: number;
}

/** Of the healthy users of a round, p95 in milliseconds. */
interface Round {
  readonly joined: number;
  readonly announced: number;
}

async function measure(stage: Stage, quick: boolean): Promise<Finding[]> {
  const [rounds, seconds] = quick ? [1, 15] : [3, 60];
  const { url, pool } = await stage.database('poison', true);
  const { origin } = await startRoster(stage, url, 'roster');
  const applications = await startApplications(stage);
  const ours = await makeNewcomers(pool, origin, 'ours');
  const others = await makeNewcomers(pool, origin, 'others');
  await applications.give(pool, ours.instance, 'particular');
  await applications.give(pool, others.instance, 'hanging');
  const calm: Round[] = [];
  const troubled: Round[] = [];
  try {
    stage.report('warming up');
    await play({ pool, applications, ours, others, rate: 5 }, 10, false);
    const rate = Math.min(RATE, SHARE * (await capacity(ours)));
    const scene: Scene = { pool, applications, ours, others, rate };
    stage.report(`${rate.toFixed(1)} users a second, and ${(rate / 3).toFixed(1)} of the other instance`);
    for (let round = 1; round <= rounds; round++) {
      // The people become more and more: neither is always the later one.
      for (const isTroubled of round % 2 === 1 ? [false, true] : [true, false]) {
        stage.report(`${isTroubled ? 'with' : 'without'} trouble, round ${round} of ${rounds}`);
        (isTroubled ? troubled : calm).push(await play(scene, seconds, isTroubled));
      }
    }
  } finally {
    await Promise.all([ours.scim.close(), others.scim.close()]);
  }
  const of = (list: readonly Round[], what: keyof Round): number[] => list.map((round) => round[what]);
  return [
    {
      ...compare('joined team', of(troubled, 'joined'), of(calm, 'joined')),
      bar: { atMost: 1.5 },
    },
    compare('announced', of(troubled, 'announced'), of(calm, 'announced')),
  ];
}

/** Users a second, as fast as it goes, until the application has been told of the last of them. */
async function capacity(newcomers: Newcomers): Promise<number> {
  const ms = await timed(async () => {
    await newcomers.scim.createAll(Array.from({ length: RUSH }, newcomers.next), POSTS_AT_ONCE);
    await until('all are settled', newcomers.areSettled, 50);
    await until('all are announced', newcomers.areAnnounced, 50);
  });
  return (RUSH / ms) * 1_000;
}

/** The ratio of the medians. */
function compare(where: string, troubled: readonly number[], calm: readonly number[]): Finding {
  const shown = (list: readonly number[]): string => list.map((ms) => ms.toFixed(0)).join(', ');
  return {
    work: `healthy users, create to ${where}, p95, with trouble : without`,
    unit: 'ratio',
    values: [median(troubled) / median(calm)],
    beside: `${shown(troubled)} ms : ${shown(calm)} ms`,
  };
}

async function play(
  { pool, applications, ours, others, rate }: Scene,
  seconds: number,
  isTroubled: boolean,
): Promise<Round> {
  await applications.trouble(isTroubled);
  const hanging = await others.scim.createAll(Array.from({ length: BACKLOG }, others.next), POSTS_AT_ONCE);
  await until('the backlog is settled', others.areSettled, 50);

  const joined = startWatch(pool, ours.instance, JOINED, 10);
  const announced = startWatch(pool, ours.instance, ANNOUNCED, 50);
  const poisoned: string[] = [];
  const arrive = async (n: number, meantAt: number): Promise<void> => {
    const newcomer = ours.next();
    if (n % POISON_EVERY === POISON_PLACE) {
      poisoned.push(await ours.scim.create({ ...newcomer, userName: `${POISON}.${newcomer.userName}` }));
      return;
    }
    const id = await ours.scim.create(newcomer);
    joined.add(id, meantAt);
    announced.add(id, meantAt);
  };
  try {
    await Promise.all([
      atRate(rate, seconds, arrive),
      atRate(rate / 3, seconds, async () => void hanging.push(await others.scim.create(others.next()))),
    ]);
    await until('the healthy users are in their teams', async () => joined.isOver(), 50);
    if (isTroubled) await checkTrouble(pool, ours, poisoned, others, hanging);
    await applications.trouble(false);
    await until('the healthy users are announced', async () => announced.isOver(), 50);
    await until('what hung is announced', others.areAnnounced, 100);
  } finally {
    await Promise.all([joined.stop(), announced.stop()]);
  }
  return { joined: quantile(joined.times, 0.95), announced: quantile(announced.times, 0.95) };
}

/** No figure counts where the trouble was none. @throws Error where poison is not refused, or somebody who hangs is announced */
async function checkTrouble(
  pool: pg.Pool,
  ours: Newcomers,
  poisoned: readonly string[],
  others: Newcomers,
  hanging: readonly string[],
): Promise<void> {
  const count = async ({ instance }: Newcomers, ids: readonly string[], condition: string): Promise<number> => {
    const text = `select from accounts where instance_id = $1 and id = any ($2::uuid[]) and ${condition}`;
    return (await pool.query(text, [instance.slug, ids])).rowCount ?? 0;
  };
  const refused = async () => (await count(ours, poisoned, `status = 'refused'`)) === poisoned.length;
  await until('the poison users are refused', refused, 100);
  const taken = await count(others, hanging, 'announced > 0');
  if (poisoned.length === 0 || taken > 0)
    throw new Error(`${poisoned.length} were poison; of those who hang ${taken} were taken.`);
}

if (isMain(import.meta.url)) await runBenches([poison]);
