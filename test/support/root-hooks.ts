import { readdir, readFile } from 'node:fs/promises';
import type { Context, RootHookObject } from 'mocha';
import { closeDatabases } from './database.js';
import { removePostgresData } from './postgres.js';
import { removeWorkflowBundle } from './roster.js';
import { closeServerProcesses } from './servers.js';
import { isTemporalGiven, temporalBinary } from './temporal.js';

/** Once per run: get the Temporal CLI before the clock of a test runs; at the end stop the servers and fail on leaks. */
export const mochaHooks: RootHookObject = {
  async beforeAll(this: Context) {
    this.timeout(0);
    // Whoever needs it is told why there is none; a run of tests that need none goes on.
    if (!isTemporalGiven) await temporalBinary().catch(() => undefined);
  },
  async afterAll(this: Context) {
    this.timeout(30_000);
    endThoughSomethingIsOpen();
    const connections = await closeDatabases();
    await closeServerProcesses();
    await removePostgresData();
    await removeWorkflowBundle();
    const leaks = [
      ...connections.map((connection) => `a connection to PostgreSQL (${connection})`),
      ...(await childrenOf(process.pid)).map((command) => `a process (${command})`),
    ];
    if (leaks.length > 0)
      throw new Error(`The tests have left behind:\n${leaks.map((leak) => `  ${leak}`).join('\n')}`);
  },
};

/** A server or a timer that a test left open would keep the run from ending: it ends, as failed, and says what it was. */
function endThoughSomethingIsOpen(): void {
  setTimeout(() => {
    process.stderr.write(`The tests have left open: ${process.getActiveResourcesInfo().join(', ') || 'native code'}\n`);
    // Mocha sets the code of its own count at exit.
    process.on('exit', () => {
      process.exitCode = 1;
    });
    process.exit();
  }, 20_000).unref();
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
