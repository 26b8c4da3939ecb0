import { isMain } from '../src/main-module.js';
import { type Bench, runBenches } from './support/command.js';
import type { Finding } from './support/findings.js';
import { LoadError, load, type Work } from './support/load.js';
import type { Stage } from './support/stage.js';
import { median, ratios } from './support/statistics.js';
import { bareTarget, rosterTarget, type Target } from './support/targets.js';

/**
 * The front door beside a bare Koa + pg server: same PostgreSQL, same pool, same load generator, in alternating rounds
 * (bare, Roster, bare, Roster …), so that what else the machine does hits both. The database is durable. Each work runs
 * with 1,000 and with 50,000 people; what a round creates is taken away after it. The server is Roster's own without
 * dispatcher and sweeper; creating is measured once more with everything running.
 */
export const frontDoor: Bench = {
  name: 'front-door',
  about: 'SCIM requests a second beside a bare Koa + pg server that stores one row and does nothing else',
  measure,
};

const SIZES = [1_000, 50_000] as const;
const CONNECTIONS = 10;
const WARM_UP_SECONDS = 10;

/** What is measured in turn: whose server does which work. */
type Turn = readonly [kind: Target['kind'], work: Work];
const GROUPS: readonly (readonly Turn[])[] = [
  [
    ['bare', 'create'],
    ['roster', 'create'],
    ['unlogged', 'create'],
  ],
  [
    ['bare', 'filter'],
    ['roster', 'filter'],
  ],
  [
    ['bare', 'get'],
    ['roster', 'get'],
  ],
  [
    ['bare', 'patch'],
    ['roster', 'patch'],
    ['bare', 'patch'],
    ['roster', 'put'],
  ],
  [
    ['bare', 'first page'],
    ['roster', 'first page'],
    ['bare', 'deep page'],
    ['roster', 'deep page'],
    ['roster', 'deep cursor'],
  ],
];
const BULK: readonly Turn[] = [
  ['bare', 'create'],
  ['roster', 'bulk'],
];
const GROUP_PATCH: readonly Turn[] = [
  ['bare', 'patch'],
  ['roster', 'group patch'],
];
const WRITES: readonly Work[] = ['create', 'patch', 'put', 'bulk'];

/** The rates of all rounds, by work, whose and how many people. */
class Rates {
  private readonly lists = new Map<string, number[]>();
  private readonly faults = new Map<string, string>();

  add(work: string, kind: Target['kind'], size: number, rate: number): void {
    const key = `${work} ${kind} ${size}`;
    this.lists.set(key, [...this.of(work, kind, size), rate]);
  }

  fail(work: string, size: number, why: string): void {
    this.faults.set(`${work} ${size}`, why);
  }

  /** Why a round of Roster's failed, where one did. */
  faultOf(work: string, size: number): string | undefined {
    return this.faults.get(`${work} ${size}`);
  }

  of(work: string, kind: Target['kind'], size: number): readonly number[] {
    return this.lists.get(`${work} ${kind} ${size}`) ?? [];
  }
}

async function measure(stage: Stage, quick: boolean): Promise<Finding[]> {
  const generator = await stage.program('bench/generator', {});
  const [rounds, seconds] = quick ? [2, 1] : [5, 3];
  const rates = new Rates();
  let created = 1_000_000;

  /** Runs the turns of a group with all sizes, round by round; the first round only warms up. */
  const alternate = async (turns: readonly Turn[], targets: readonly Target[], suffix = ''): Promise<void> => {
    for (let round = 0; round <= rounds; round++) {
      stage.report(`${turns[1]?.[1]}${suffix}, ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const size of SIZES) {
        for (const [turn, [kind, work]] of turns.entries()) {
          const target = targets.find((each) => each.kind === kind && each.size === size);
          if (target === undefined) throw new RangeError(`There is no ${kind} server with ${size} people.`);
          created += 1_000_000;
          const answered = load(generator, {
            ...target,
            work,
            from: created,
            // Node compiles what is hot only after seconds of load.
            seconds: round === 0 ? WARM_UP_SECONDS : seconds,
            connections: CONNECTIONS,
          });
          // A round in which Roster refuses or fails counts as nothing done; the bench goes on and says why.
          const rate = await answered.catch((error: unknown) => {
            if (kind === 'bare' || !(error instanceof LoadError)) throw error;
            stage.report(error.message);
            rates.fail(`${work}${suffix}`, size, error.message);
            return 0;
          });
          if (WRITES.includes(work)) await target.reset();
          // PUT has the PATCH just before it beside it.
          const name = kind === 'bare' && turns[turn + 1]?.[1] === 'put' ? 'put' : work;
          if (rate !== undefined && round > 0) rates.add(`${name}${suffix}`, kind, size, rate);
        }
      }
    }
  };

  const bare = [];
  const roster = [];
  for (const size of SIZES) {
    bare.push(await bareTarget(stage, size));
    roster.push(await rosterTarget(stage, size));
  }
  const unlogged = roster.map((target) => target.unlogged);
  for (const turns of GROUPS) await alternate(turns, [...bare, ...roster, ...unlogged]);
  await alternate(BULK, [...bare, ...roster], BY_BULK);
  const grouped = [];
  for (const target of roster) grouped.push(await target.withGroups(CONNECTIONS));
  await alternate(GROUP_PATCH, [...bare, ...grouped], OF_A_GROUP);
  // Last, since from here on Temporal takes its share of the machine.
  const running = [];
  for (const target of roster) running.push(await target.running());
  await alternate(
    [
      ['bare', 'create'],
      ['roster', 'create'],
    ],
    [...bare, ...running],
    RUNNING,
  );
  return findings(rates);
}

const RUNNING = ', everything running';
/** Suffixes of works that have a bare round of their own beside them. */
const BY_BULK = ', by Bulk';
const OF_A_GROUP = ', of a group';

/** Against the bare server, by its bars. */
const BARS: readonly (readonly [work: string, name: string, bar?: number])[] = [
  ['create', 'create, dispatcher paused', 0.65],
  [`create${RUNNING}`, 'create, everything running'],
  ['filter', 'filter userName eq', 0.8],
  ['get', 'get by id', 0.8],
  ['patch', 'PATCH active', 0.6],
  ['put', 'PUT, by bare PATCH', 0.6],
  ['first page', 'list of 100, first page', 2],
  ['deep page', 'list of 100, deep page', 2],
];
/** Against Roster's own first page. */
const DEEP: readonly (readonly [work: string, name: string])[] = [
  ['deep page', 'deep by first page, by index in sequence'],
  ['deep cursor', 'deep by first page, by cursor'],
];

function findings(rates: Rates): Finding[] {
  const [small, large] = SIZES;
  const people = (size: number): string => `${size.toLocaleString('en')} users`;
  /** Roster's work with so many people against other rates, which are another's or its own with something else. */
  const compare = (name: string, work: string, size: number, those: readonly number[], bar?: number): Finding => {
    const these = rates.of(work, 'roster', size);
    const figures = these.length === 0 ? 'the server does not do it yet' : `${perSecond(these)} : ${perSecond(those)}`;
    const fault = rates.faultOf(work, size);
    return {
      work: `${name}, ${people(size)}`,
      ...(bar === undefined ? {} : { bar: { atLeast: bar } }),
      unit: 'ratio',
      values: ratios(these, those),
      beside: fault === undefined ? figures : `${figures}; ${fault}`,
    };
  };
  return [
    ...BARS.flatMap(([work, name, bar]) => [
      ...SIZES.map((size) => compare(name, work, size, rates.of(work, 'bare', size), bar)),
      {
        ...compare(name, work, large, rates.of(work, 'roster', small), 0.8),
        work: `${name}, ${people(large)} : ${people(small)}`,
      },
    ]),
    ...SIZES.flatMap((size) => [
      compare('create with the request log : without', 'create', size, rates.of('create', 'unlogged', size)),
      compare(
        'create by Bulk of 1,000, people : bare creates',
        `bulk${BY_BULK}`,
        size,
        rates.of(`create${BY_BULK}`, 'bare', size),
      ),
      compare(
        'PATCH of a group of 1,000, one member and the name : bare PATCH',
        `group patch${OF_A_GROUP}`,
        size,
        rates.of(`patch${OF_A_GROUP}`, 'bare', size),
      ),
    ]),
    ...DEEP.flatMap(([work, name]) =>
      SIZES.map((size) => compare(name, work, size, rates.of('first page', 'roster', size), 0.8)),
    ),
  ];
}

const perSecond = (rates: readonly number[]): string => `${Math.round(median(rates)).toLocaleString('en')}/s`;

if (isMain(import.meta.url)) await runBenches([frontDoor]);
