import { randomBytes } from 'node:crypto';
import { type Client, WorkflowIdConflictPolicy } from '@temporalio/client';
import type pg from 'pg';
import { lazyTemporalClient } from '../src/dispatch/temporal-client.js';
import { isMain } from '../src/main-module.js';
import type { threeNoops } from './noop-workflow.js';
import { type Bench, runBenches } from './support/command.js';
import type { Finding } from './support/findings.js';
import { person, userNameOf } from './support/people.js';
import { startRoster } from './support/roster.js';
import { type ScimClient, scimClient } from './support/scim-client.js';
import { type BenchInstance, makeInstance, seedPeople } from './support/seed.js';
import type { Stage } from './support/stage.js';
import { median, quantile, ratios } from './support/statistics.js';
import { timed, until } from './support/until.js';

/**
 * From a SCIM create to the joined team. Sustained: so many users with known managers are created at once, and the time is
 * taken until the last one is settled, beside as many workflows of three no-op local activities, 20 in flight and each
 * awaited, on the same Temporal server (a dev server on a SQLite file, as `roster dev` starts it, unless TEMPORAL_ADDRESS
 * names another) in alternating rounds. Unloaded: users are created one after another, and the time is taken from each
 * answer to the account being settled in its team.
 */
export const convergence: Bench = {
  name: 'convergence',
  about: 'workflows a second from SCIM create to joined team, beside a workflow of three no-op local activities',
  measure,
};

const MANAGERS = 50;
const IN_FLIGHT = 20;
const POSTS_AT_ONCE = 10;

async function measure(stage: Stage, quick: boolean): Promise<Finding[]> {
  const [rounds, users, singles] = quick ? [2, 200, 20] : [5, 1_000, 50];
  const { url, pool } = await stage.database('convergence', true);
  const instance = await makeInstance(pool, 'convergence', 60);
  const managers = Array.from({ length: MANAGERS }, (_, n) => person(n, undefined));
  await seedPeople(pool, instance.slug, managers);
  const { origin } = await startRoster(stage, url, 'roster');
  const scim = scimClient(origin, instance.token);
  const noops = await startNoops(stage);
  let next = MANAGERS;
  const newPerson = () => person(next++, userNameOf(next % MANAGERS));

  const roster: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      stage.report(`${users} workflows each, ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      const bareMs = await timed(() => runNoops(noops, users));
      const people = Array.from({ length: users }, newPerson);
      const rosterMs = await timed(async () => {
        await scim.createAll(people, POSTS_AT_ONCE);
        await until('all are settled', () => areSettled(pool, instance), 50);
      });
      await checkTeams(pool, instance, next);
      if (round > 0) {
        bare.push((users / bareMs) * 1_000);
        roster.push((users / rosterMs) * 1_000);
      }
    }
    stage.report(`${singles} users one after another`);
    const latencies: number[] = [];
    for (let n = 0; n < singles; n++) latencies.push(await latency(scim, pool, instance, newPerson()));
    return [
      {
        work: 'SCIM create to joined team, sustained',
        bar: { atLeast: 0.7 },
        unit: 'ratio',
        values: ratios(roster, bare),
        beside: `${median(roster).toFixed(0)}/s : ${median(bare).toFixed(0)}/s on a Temporal dev server`,
      },
      {
        work: 'SCIM create to joined team, unloaded',
        bar: { atMost: 150 },
        unit: 'ms',
        values: latencies,
        beside: `p95 ${quantile(latencies, 0.95).toFixed(0)} ms`,
      },
    ];
  } finally {
    await scim.close();
    await noops.connection.close();
  }
}

async function areSettled(pool: pg.Pool, { slug }: BenchInstance): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'unsettled',
    text: 'select from accounts where instance_id = $1 and applied_version < asserted_version limit 1',
    values: [slug],
  });
  return rowCount === 0;
}

/** No rate counts where people are not where they belong. */
async function checkTeams(pool: pg.Pool, { slug }: BenchInstance, people: number): Promise<void> {
  const { rows } = await pool.query<{ assigned: number }>(
    `select count(*)::integer as assigned from accounts where instance_id = $1 and origin = 'assigned' and team_id is not null`,
    [slug],
  );
  const assigned = rows[0]?.assigned;
  if (assigned !== people - MANAGERS) throw new Error(`${assigned} instead of ${people - MANAGERS} are in their team.`);
}

/** Milliseconds from the answer of a POST to the account being settled in its team. */
async function latency(
  scim: ScimClient,
  pool: pg.Pool,
  { slug }: BenchInstance,
  newcomer: ReturnType<typeof person>,
): Promise<number> {
  const id = await scim.create(newcomer);
  return timed(() =>
    until(
      'the user is in the team',
      async () => {
        const { rowCount } = await pool.query({
          name: 'settled',
          text: `select from accounts where instance_id = $1 and id = $2 and team_id is not null and applied_version = asserted_version`,
          values: [slug, id],
        });
        return rowCount === 1;
      },
      2,
    ),
  );
}

const NOOP_QUEUE = 'noop';

async function startNoops(stage: Stage): Promise<Client> {
  const { address, namespace } = await stage.temporal();
  await stage.program('bench/noop-worker', {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_TASK_QUEUE: NOOP_QUEUE,
  });
  return lazyTemporalClient({ address, namespace });
}

/** Starts so many workflows, as the dispatcher starts its own, and awaits each. */
async function runNoops(client: Client, count: number): Promise<void> {
  const round = randomBytes(6).toString('hex');
  const waiting = Array.from({ length: count }, (_, n) => n).values();
  const lane = async (): Promise<void> => {
    for (const n of waiting) {
      const handle = await client.workflow.signalWithStart<typeof threeNoops>('threeNoops', {
        workflowId: `noop/${round}/${n}`,
        taskQueue: NOOP_QUEUE,
        signal: 'wake',
        signalArgs: [],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      });
      await handle.result();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

if (isMain(import.meta.url)) await runBenches([convergence]);
