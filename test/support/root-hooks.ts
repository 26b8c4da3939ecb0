import { readdir, readFile } from 'node:fs/promises';
import type { Context, RootHookObject } from 'mocha';
import { openConnections } from './database.js';
import { until } from './interleave.js';
import { closeServerProcesses } from './servers.js';
import { startSharedServers } from './shared-servers.js';
import { build } from './shipped.js';

let stopSharedServers: () => Promise<void> = () => Promise.resolve();

/** Once per run, before the processes that run the test files. */
export async function mochaGlobalSetup(): Promise<void> {
  const starting = startSharedServers();
  // Where the build fails the run ends: its servers must not keep it open.
  await build().catch(async (error: unknown) => {
    await (await starting)();
    throw error;
  });
  stopSharedServers = await starting;
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopSharedServers();
}

/** After each file, in the process that ran it: what it has left behind makes it fail. */
export const mochaHooks: RootHookObject = {
  async afterAll(this: Context) {
    this.timeout(30_000);
    await closeServerProcesses();
    const leaks = [
      ...(await openConnections()).map((connection) => `a connection to PostgreSQL (${connection})`),
      ...(await childrenOf(process.pid)).map((command) => `a process (${command})`),
      ...(await openHandles()),
    ];
    if (leaks.length > 0)
      throw new Error(`The tests of this file have left behind:\n${leaks.map((leak) => `  ${leak}`).join('\n')}`);
  },
};

/** Servers and connections that would keep Node from ending; those just closed get a moment to be gone. */
async function openHandles(): Promise<string[]> {
  const open = (): string[] =>
    process.getActiveResourcesInfo().filter((kind) => /^(?:TCPServer|TCPSocket|PipeServer|Process)Wrap$/.test(kind));
  await until('nothing is open', () => open().length === 0, 2_000).catch(() => undefined);
  return open();
}

/** Command lines of our child processes, but for the compiler that tsx keeps. Told on Linux only. */
async function childrenOf(parent: number): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const children: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // pid (name) state ppid …; the name may hold anything, also a closing bracket.
    const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(ppid) !== parent || state === 'Z') continue;
    const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    if (command !== '' && !/esbuild.*--service/.test(command)) children.push(`${entry} ${command}`);
  }
  return children;
}
