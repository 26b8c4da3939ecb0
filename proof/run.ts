import { setMaxListeners } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { seededRandom } from '../src/demo/random.js';
import { isReachable } from '../src/dev/embedded-postgres.js';
import { REACHABLE_FOLDER } from '../src/dev/postgres-binaries.js';
import { PACKAGE_ROOT } from '../src/dev/program-files.js';
import { createInstance } from '../src/instances/instances.js';
import { issueScimToken } from '../src/instances/tokens.js';
import { proveApplication } from '../test/support/fake-application.js';
import { startRecordingApplication } from '../test/support/recording-application.js';
import { actForPerson, type Tenant, type WrongAnswer } from './clients.js';
import { SECRET, startCluster } from './cluster.js';
import { FAULTS } from './faults.js';
import { INVARIANTS, unsettled } from './invariants.js';
import { Ledger } from './ledger.js';

const HELP = `Tries to break Roster: clients, faults, and what must be true in the end.

  npm run proof -- [--seed 1] [--seeds 1] [--minutes 0.5] [--faults all] [--people 40]

--seed N      the first seed; a seed fixes what clients ask and which faults come when
--seeds N     how many, one after the other
--minutes M   how long each is kept under faults
--faults F    all, none, or names that begin with one of these, with commas between them (F1,F9)
--people P    how many people there are in each of the two instances
A run that fails keeps its ledger, logs and data, and says where, and how to run it again.

Example: npm run proof -- --seed 7 --faults F3,F9 --minutes 1`;

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '0.5' },
    faults: { type: 'string', default: 'all' },
    people: { type: 'string', default: '40' },
    help: { type: 'boolean', default: false },
  },
});

const BY_PROOF = { actor: 'proof', source: 'admin', requestId: null } as const;
const QUIET_MS = 120_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The faults that are asked for. */
function wantedFaults(asked: string): string[] {
  if (asked === 'none') return [];
  const prefixes = asked.split(',').map((one) => one.trim().toLowerCase());
  const isWanted = (name: string) =>
    asked === 'all' || prefixes.some((prefix) => `${name.toLowerCase()} `.startsWith(`${prefix} `));
  const names = Object.keys(FAULTS).filter(isWanted);
  if (names.length === 0)
    throw new Error(`There is no fault ${asked}. There are:\n  ${Object.keys(FAULTS).join('\n  ')}`);
  return names;
}

/** One run of one seed. @returns what is wrong, a line each */
async function prove(seed: number, minutes: number, people: number, faults: readonly string[]): Promise<string[]> {
  const random = seededRandom(`proof ${seed}`);
  const home = join(PACKAGE_ROOT, '.roster', 'proof');
  await mkdir(home, { recursive: true });
  // Where PostgreSQL, which does not run as root, reaches its data.
  const folder = await mkdtemp(join(isReachable(home) ? home : REACHABLE_FOLDER, `roster-proof-${seed}-`));
  await chmod(folder, 0o755);
  const cluster = await startCluster(folder, resolve(PACKAGE_ROOT, 'dist'), (line) => say(`  ${line}`));
  const application = await startRecordingApplication();
  const ledger = new Ledger(join(folder, 'ledger.ndjson'));
  const answers: WrongAnswer[] = [];
  const wrong: string[] = [];
  try {
    const tenants: Tenant[] = [];
    for (const slug of ['north', 'south']) {
      const coach = { userName: `coach@${slug}.test`, givenName: 'First', familyName: 'Coach' };
      const { slug: instance } = await createInstance(
        cluster.pool,
        { slug, name: slug, managerWaitSeconds: 2, coach, brake: null, application: { url: application.url } },
        BY_PROOF,
      );
      await proveApplication({ pool: cluster.pool, instance });
      const { token } = await issueScimToken(
        cluster.pool,
        SECRET,
        instance,
        { label: 'proof', expiresAt: null },
        BY_PROOF,
      );
      tenants.push({ instance, token, origins: cluster.origins });
    }
    const instances = tenants.map(({ instance }) => instance);
    const stopping = new AbortController();
    setMaxListeners(0, stopping.signal);
    const clients = tenants.flatMap((tenant) => {
      const names = Array.from({ length: people }, (_, n) => `p${n}`);
      return names.map((name) =>
        actForPerson(tenant, name, [...names, 'nobody'], {
          ledger,
          random: random.fork(`${tenant.instance} ${name}`),
          faults: answers,
          signal: stopping.signal,
        }),
      );
    });
    const end = performance.now() + minutes * 60_000;
    const source = random.fork('nemesis');
    const done: string[] = [];
    while (performance.now() < end) {
      await delay(500 + source.below(2_000));
      if (faults.length === 0) continue;
      const name = source.pick(faults);
      done.push(name);
      await FAULTS[name]?.(cluster, application, source);
    }
    stopping.abort();
    await Promise.all(clients);
    say(`  seed ${seed}: ${ledger.operations.length} writes, ${done.length} faults; coming to rest`);
    const quiet = performance.now() + QUIET_MS;
    let restless = await unsettled(cluster.pool, instances);
    while (restless.length > 0 && performance.now() < quiet) {
      await delay(200);
      restless = await unsettled(cluster.pool, instances);
    }
    wrong.push(...restless.map((line) => `I9 has not come to rest: ${line}`));
    for (const [name, check] of Object.entries(INVARIANTS)) {
      const found = await check({ cluster, application, ledger, instances, answers });
      wrong.push(...found.slice(0, 20).map((line) => `${name}: ${line}`));
    }
    const count = (outcome: string): number => ledger.operations.filter((one) => one.outcome === outcome).length;
    await writeFile(join(folder, 'summary.json'), JSON.stringify({ seed, faults: done, wrong }, null, 2));
    say(
      `  seed ${seed}: ${count('ok')} acknowledged, ${count('fail')} refused, ${count('unknown')} unknown; ${wrong.length === 0 ? 'all is as it must be' : `${wrong.length} wrong`}`,
    );
  } finally {
    ledger.close();
    await application.close();
    await cluster.close();
    if (wrong.length === 0) await rm(folder, { recursive: true, force: true });
  }
  if (wrong.length > 0) {
    say(
      [
        `FAILED: seed ${seed}`,
        ...wrong,
        `ledger, logs and data: ${folder}`,
        `again: npm run proof -- --seed ${seed} --minutes ${minutes} --people ${people} --faults ${options.faults}`,
      ].join('\n  '),
    );
  }
  return wrong;
}

if (options.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  const faults = wantedFaults(options.faults);
  let failed = 0;
  for (let seed = Number(options.seed); seed < Number(options.seed) + Number(options.seeds); seed += 1) {
    if ((await prove(seed, Number(options.minutes), Number(options.people), faults)).length > 0) failed += 1;
  }
  process.exitCode = failed === 0 ? 0 : 1;
}
