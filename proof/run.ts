import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { isReachable } from '../src/dev/embedded-postgres.js';
import { REACHABLE_FOLDER } from '../src/dev/postgres-binaries.js';
import { PACKAGE_ROOT } from '../src/program-files.js';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.js';
import { wantedFaults } from './faults/faults.js';
import { proveScale } from './parts/scale.js';
import { soak } from './parts/soak.js';
import { proveUpgrade } from './parts/upgrade.js';
import { PLANTS, plantedBuild } from './plants.js';
import { type Proof, prove } from './prove.js';
import { summaryOf } from './summary.js';

const HELP = `Tries to break Roster: clients, faults, and what must be true in the end.

  npm run proof -- [--seed 1] [--seeds 1] [--minutes 0.5] [--faults all] [--people 30]
  npm run proof -- --plant all

--seed N      the first seed; a seed fixes what clients ask and which faults come in which order
--seeds N     how many, one after the other
--minutes M   how long each is kept under faults
--faults F    all, none, or names that begin with one of these, with commas between them (F1,F9)
--people P    how many people there are in each of the two instances
--plant NAME  plants a mistake in a copy of the build and tries seeds until one finds it; all tries every one. There are:
              ${Object.keys(PLANTS).join(', ')}
--part NAME   instead of seeds: upgrade (restarts, a migration and new programs under load), scale (one instance of half a million beside
              a thousand small ones), soak (no faults, as long as --minutes says, 30 unless told)
--results F   adds a line of JSON for each seed to this file
--summary F   says of such a file which faults came how often, and what came of it
A seed that fails keeps its ledger, logs and data, and says where, and how to run it again.

Example: npm run proof -- --seed 7 --faults F3,F9 --minutes 1`;

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    faults: { type: 'string' },
    people: { type: 'string', default: '30' },
    plant: { type: 'string' },
    part: { type: 'string' },
    results: { type: 'string' },
    summary: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** A cluster is started anew after so many seeds. */
const SEEDS_PER_CLUSTER = 20;
/** A planted mistake that so many seeds do not find is not found. */
const SEEDS_PER_PLANT = 8;

/** @throws Error where it is no number above 0 */
function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} must be a number above 0, not ${text}.`);
  return number;
}

const minutes = positive('minutes', options.minutes ?? (options.part === 'soak' ? '30' : '0.5'));
const people = positive('people', options.people);
const firstSeed = positive('seed', options.seed);
const seedsWanted = options.seeds === undefined ? undefined : positive('seeds', options.seeds);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Plan {
  readonly first: number;
  readonly count: number;
  readonly faults: string;
  /** The build that each program runs. */
  readonly build: (program: string) => string;
  readonly isOver: (proof: Proof) => boolean;
}

/** Plays seeds until there are no more or one is what is looked for. @returns whether each was as it must be, or was looked for */
async function play({ first, count, faults, build, isOver }: Plan): Promise<boolean> {
  const names = wantedFaults(faults);
  let allWell = true;
  let running: { cluster: Cluster; folder: string; left: number } | undefined;
  const stop = async (keep: boolean): Promise<void> => {
    await running?.cluster.close();
    if (running !== undefined && !keep) await rm(running.folder, { recursive: true, force: true });
    running = undefined;
  };
  try {
    for (let seed = first; seed < first + count; seed += 1) {
      if (running === undefined) {
        const folder = await newFolder(seed);
        running = { cluster: await startCluster({ folder, build, report }), folder, left: SEEDS_PER_CLUSTER };
      }
      const { cluster, folder } = running;
      const ledgerFile = join(folder, `ledger-${seed}.ndjson`);
      const proof = await prove(cluster, { seed, minutes, people, faults: names, ledgerFile }).catch(
        (error: unknown): Proof => notPlayed(seed, error),
      );
      const isWanted = isOver(proof);
      await tell(proof, folder, faults, isWanted);
      const isWell = proof.wrong.length === 0 || isWanted;
      allWell &&= isWell;
      running.left -= 1;
      if (isWanted) return true;
      if (!isWell || running.left === 0) await stop(!isWell);
    }
  } finally {
    await stop(!allWell && running !== undefined);
  }
  return allWell;
}

/** A seed that the proof itself could not play to its end. */
const notPlayed = (seed: number, error: unknown): Proof => ({
  seed,
  faults: [],
  acknowledged: 0,
  refused: 0,
  unknown: 0,
  restMs: 0,
  wrong: [`it could not be played: ${inspect(error)}`],
});

const report = (line: string): void => say(`  ${line}`);

/** Where PostgreSQL, which does not run as root, reaches its data. */
async function newFolder(seed: number): Promise<string> {
  const home = join(PACKAGE_ROOT, '.roster', 'proof');
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(join(isReachable(home) ? home : REACHABLE_FOLDER, `roster-proof-${seed}-`));
  await chmod(folder, 0o755);
  return folder;
}

/** Says what came of a seed; where it is wrong, and that was not looked for, how to look into it. */
async function tell(proof: Proof, folder: string, faults: string, isWanted: boolean): Promise<void> {
  const { seed, acknowledged, refused, unknown, restMs, wrong } = proof;
  const counts = `${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown; ${proof.faults.length} faults, at rest after ${Math.round(restMs / 1_000)} s`;
  say(`  seed ${seed}: ${counts}; ${wrong.length === 0 ? 'all is as it must be' : `${wrong.length} wrong`}`);
  if (options.results !== undefined) await appendFile(options.results, `${JSON.stringify(proof)}\n`);
  if (isWanted) say(`  ${wrong[0]}`);
  if (wrong.length === 0 || isWanted) return;
  await writeFile(join(folder, `seed-${seed}.json`), JSON.stringify(proof, null, 2));
  say(
    [
      `FAILED: seed ${seed}`,
      ...wrong,
      `ledger, logs and data: ${folder}`,
      `again: npm run proof -- --seed ${seed} --minutes ${minutes} --people ${people} --faults '${faults}'`,
    ].join('\n  '),
  );
}

const BUILD = resolve(PACKAGE_ROOT, 'dist');

/** Plants mistakes one at a time. @returns the names of those that were not found */
async function playPlants(names: readonly string[]): Promise<string[]> {
  const missed: string[] = [];
  for (const name of names) {
    const planted = await plantedBuild(name, BUILD);
    try {
      const { what, faults, foundBy } = planted.plant;
      say(`${name}: ${what}`);
      let isFound = false;
      await play({
        first: firstSeed,
        count: seedsWanted ?? SEEDS_PER_PLANT,
        faults: options.faults ?? faults,
        build: planted.build,
        isOver: ({ wrong }) => {
          isFound = wrong.some((line) => foundBy.test(line));
          return isFound;
        },
      });
      say(`${name}: ${isFound ? 'found' : 'NOT FOUND'}`);
      if (!isFound) missed.push(name);
    } finally {
      await planted.remove();
    }
  }
  return missed;
}

/** Plays one of the parts that are no seeds. @returns whether all was as it must be */
async function playPart(name: string): Promise<boolean> {
  const parts: Readonly<Record<string, (cluster: ClusterOptions) => Promise<string[]>>> = {
    upgrade: (cluster) => proveUpgrade(cluster, report),
    scale: (cluster) => proveScale(cluster, report),
    soak: (cluster) => soak(cluster, minutes, report),
  };
  const part = parts[name];
  if (part === undefined) throw new Error(`There is no part ${name}. There are: ${Object.keys(parts).join(', ')}`);
  const folder = await newFolder(0);
  const wrong = await part({ folder, build: () => BUILD, report });
  for (const line of wrong.slice(0, 20)) say(`  ${line}`);
  say(
    wrong.length === 0 ? `${name}: all is as it must be` : `${name}: ${wrong.length} wrong; data and logs: ${folder}`,
  );
  if (wrong.length === 0) await rm(folder, { recursive: true, force: true });
  return wrong.length === 0;
}

if (options.help) {
  process.stdout.write(`${HELP}\n`);
} else if (options.summary !== undefined) {
  process.stdout.write(`${summaryOf(await readFile(options.summary, 'utf8'))}\n`);
} else if (options.part !== undefined) {
  process.exitCode = (await playPart(options.part)) ? 0 : 1;
} else if (options.plant !== undefined) {
  const missed = await playPlants(options.plant === 'all' ? Object.keys(PLANTS) : [options.plant]);
  process.exitCode = missed.length === 0 ? 0 : 1;
} else {
  const plan = { first: firstSeed, count: seedsWanted ?? 1, faults: options.faults ?? 'all' };
  const isWell = await play({ ...plan, build: () => BUILD, isOver: () => false });
  process.exitCode = isWell ? 0 : 1;
}
