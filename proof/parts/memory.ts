import { readFile } from 'node:fs/promises';
import { type Cluster, PROGRAMS, type Program } from '../cluster.js';

/** Megabytes that are in memory, of each program. */
export async function memory(cluster: Cluster): Promise<Record<Program, number>> {
  const of = async (name: Program): Promise<[Program, number]> => {
    const status = await readFile(`/proc/${cluster.process(name)?.pid}/status`, 'utf8');
    return [name, Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)];
  };
  return Object.fromEntries(await Promise.all(PROGRAMS.map(of))) as Record<Program, number>;
}
