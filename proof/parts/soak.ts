import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/demo/random.js';
import { type Cluster, type ClusterOptions, PROGRAMS, startCluster } from '../cluster.js';
import { prove } from '../prove.js';
import { memory } from './scale.js';

const EVERY_MS = 60_000;

/** What is looked at each minute: by name, how much of it there is. */
type Sample = Readonly<Record<string, number>>;

/**
 * Plays one seed without faults for a long time, and looks at what may grow. @returns what is wrong, a line each
 * @param minutes how long
 */
export async function soak(
  options: ClusterOptions,
  minutes: number,
  ledgerFile: string,
  say: (line: string) => void,
): Promise<string[]> {
  const cluster = await startCluster(options);
  try {
    const over = new AbortController();
    const samples: Sample[] = [];
    const watching = (async () => {
      while (!over.signal.aborted) {
        await delay(EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
        if (over.signal.aborted) return;
        samples.push(await sample(cluster));
        say(JSON.stringify(samples.at(-1)));
      }
    })();
    const proof = await prove(cluster, {
      seed: seededRandom('soak').below(1_000),
      minutes,
      people: 60,
      faults: [],
      ledgerFile,
    });
    over.abort();
    await watching;
    say(`${proof.acknowledged} acknowledged, ${proof.refused} refused, ${proof.unknown} unknown`);
    return proof.wrong.slice();
  } finally {
    await cluster.close();
  }
}

async function sample(cluster: Cluster): Promise<Sample> {
  const { rows } = await cluster.pool.query<{ name: string; figure: number }>(
    `select 'kicks' as name, count(*)::integer as figure from kicks
     union all select 'connections', count(*)::integer from pg_stat_activity where application_name like 'roster %'
     union all select relname || ' KB', (pg_total_relation_size(oid) / 1024)::integer from pg_class
       where relname in ('users', 'accounts', 'progress', 'kicks', 'teams') and relkind = 'r'`,
  );
  const used = await memory(cluster);
  const handles = await Promise.all(
    PROGRAMS.map(async (name) => (await readdir(`/proc/${cluster.process(name)?.pid}/fd`)).length),
  );
  return {
    ...Object.fromEntries(PROGRAMS.map((name) => [`${name} MB`, used[name]])),
    ...Object.fromEntries(PROGRAMS.map((name, at) => [`${name} handles`, handles[at] ?? 0])),
    ...Object.fromEntries(rows.map(({ name, figure }) => [name, figure])),
  };
}
