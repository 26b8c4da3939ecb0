import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, type ClusterOptions, PROGRAMS, startCluster } from '../cluster.js';
import { prove } from '../prove.js';
import { memory } from './memory.js';

const EVERY_MS = 60_000;
const PEOPLE = 60;
/** Some eight writes a second: less than two cores can do, or work would pile up, and nothing could be flat. */
const CALM = 100;
/** How much more the last third may have than the one before; of a small figure so much besides. */
const GROWTH = 1.2;
const SLACK = 10;

/** What is looked at each minute: by name, how much of it there is. */
type Sample = Readonly<Record<string, number>>;

/**
 * Plays one seed without faults for a long time, in which nothing may grow. @returns what is wrong, a line each
 * @param minutes how long
 */
export async function soak(options: ClusterOptions, minutes: number, say: (line: string) => void): Promise<string[]> {
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
    const ledgerFile = join(options.folder, 'ledger.ndjson');
    const proof = await prove(cluster, { seed: 1, minutes, people: PEOPLE, faults: [], calm: CALM, ledgerFile });
    over.abort();
    await watching;
    say(`${proof.acknowledged} acknowledged, ${proof.refused} refused, ${proof.unknown} unknown`);
    return [...proof.wrong, ...grown(samples, say)];
  } finally {
    await cluster.close();
  }
}

/** Tables are told by row: people who left are kept for the record. */
const SAMPLE = `
  select 'kicks' as name, count(*)::double precision as figure from kicks
  union all select 'connections', count(*) from pg_stat_activity where application_name like 'roster %' and application_name <> 'roster proof'
  union all select 'kicks KB', pg_total_relation_size('kicks') / 1024
  union all select 'users bytes a row', pg_total_relation_size('users') / greatest(1, (select count(*) from users))
  union all select 'accounts bytes a row', pg_total_relation_size('accounts') / greatest(1, (select count(*) from accounts))
  union all select 'progress bytes a row', pg_total_relation_size('progress') / greatest(1, (select count(*) from progress))`;

async function sample(cluster: Cluster): Promise<Sample> {
  const { rows } = await cluster.pool.query<{ name: string; figure: number }>(SAMPLE);
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

/** Tells each figure's mean in the second and the last third of the time. @returns which have grown, a line each */
function grown(samples: readonly Sample[], say: (line: string) => void): string[] {
  const third = Math.floor(samples.length / 3);
  if (third === 0) return ['it was too short to tell what grows'];
  const mean = (name: string, from: number): number =>
    samples.slice(from, from + third).reduce((sum, each) => sum + (each[name] ?? 0), 0) / third;
  return Object.keys(samples[0] ?? {}).flatMap((name) => {
    const [before, after] = [mean(name, samples.length - 2 * third), mean(name, samples.length - third)];
    const line = `${name}: ${before.toFixed(0)}, then ${after.toFixed(0)}`;
    say(line);
    return after > before * GROWTH + SLACK ? [`has grown: ${line}`] : [];
  });
}
