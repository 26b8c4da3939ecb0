import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment } from '../../src/config.js';
import { type Cluster, type ClusterOptions, ended, PROGRAMS, type Program, startCluster } from '../cluster.js';
import { unsettled } from '../invariants.js';
import { createTenant } from '../tenants.js';
import { bringPeople, describeTimes } from './traffic.js';

const ROUNDS = 5;
const PER_SECOND = 20;
const MIGRATIONS = 'src/database/migrations/index.js';
const MIGRATION = '20991231000000_of_the_next_release';

/**
 * Rolling restarts of all servers and workers under load, then what an upgrade is: the schema of the next release under traffic, and its
 * programs one after another. @returns what is wrong, a line each
 */
export async function proveUpgrade(options: ClusterOptions, say: (line: string) => void): Promise<string[]> {
  const present = options.build('server 1');
  const next = `${present}-next`;
  let build = present;
  const cluster = await startCluster({ ...options, build: () => build, shutdownSeconds: 25 });
  try {
    await makeNextRelease(present, next);
    const tenant = await createTenant(cluster, 'upgraded', { people: 0 });
    const over = new AbortController();
    const wrong: string[] = [];
    let requests = 0;
    const times: number[] = [];
    const traffic = (async () => {
      for (let from = 0; !over.signal.aborted; from += PER_SECOND * 5) {
        const part = await bringPeople(cluster.origins, [tenant], { perSecond: PER_SECOND, seconds: 5, from });
        requests += part.requests;
        times.push(...Object.values(part.times).flat());
        wrong.push(...part.failed);
      }
    })();
    for (let round = 0; round < ROUNDS; round += 1) for (const name of PROGRAMS) await restart(cluster, name);
    say(`${ROUNDS * PROGRAMS.length} restarts: ${wrong.length} failed`);
    const began = performance.now();
    await promisify(execFile)(process.execPath, [join(next, 'src', 'cli.js'), 'migrate', '--skip-temporal'], {
      env: childEnvironment({ DATABASE_URL: cluster.postgresUrl }),
    });
    say(`the next schema after ${Math.round(performance.now() - began)} ms: ${wrong.length} failed`);
    build = next;
    for (const name of PROGRAMS) await restart(cluster, name);
    over.abort();
    await traffic;
    say(`the next programs: ${wrong.length} of ${requests} requests failed; ${describeTimes(times)}`);
    const end = performance.now() + 60_000;
    let restless = await unsettled(cluster.pool, [tenant.instance]);
    while (restless.length > 0 && performance.now() < end) {
      await delay(300);
      restless = await unsettled(cluster.pool, [tenant.instance]);
    }
    return [...wrong, ...restless.map((line) => `has not come to rest: ${line}`)];
  } finally {
    await cluster.close();
    await rm(next, { recursive: true, force: true });
  }
}

/** SIGTERM, and a new one is ready. */
async function restart(cluster: Cluster, name: Program): Promise<void> {
  const former = cluster.process(name);
  former?.kill('SIGTERM');
  if (former !== undefined) await ended(former);
  while (cluster.process(name) === former) await delay(50);
  await delay(500);
}

/** A copy of the build with a migration more, of the kind that a release has: a column, and an index on a table in use. */
async function makeNextRelease(present: string, next: string): Promise<void> {
  await rm(next, { recursive: true, force: true });
  await cp(present, next, { recursive: true });
  const path = join(next, MIGRATIONS);
  const text = await readFile(path, 'utf8');
  const up = `(knex) => knex.raw(\`alter table users add column note text;
    alter table accounts add column note text not null default '';
    create index accounts_note on accounts (instance_id, note)\`)`;
  const migration = `'${MIGRATION}': { up: ${up}, down: async () => undefined },`;
  await writeFile(path, text.replace('export const migrations = {', `export const migrations = {\n    ${migration}`));
}
