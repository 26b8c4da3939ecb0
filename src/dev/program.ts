import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { nodeArguments, PACKAGE_ROOT } from '../program-files.js';
import type { ChildProcesses } from './child-processes.js';
import type { Running } from './keep-running.js';

/** A program of ours that said it is ready. */
export interface RunningProgram extends Running {
  /** What it said when it was: for the server, the port that it listens on. */
  readonly ready: { readonly port?: number };
}

const STOP_MS = 6_500;

/**
 * Starts `server` or `worker` as a process of its own, so named on its command line, and waits until it says that it is
 * ready. Its log goes to a file. `args` are those for `node`, where it is not to be run as this program is.
 * @throws Error where it ends before, saying where its log is.
 */
export async function startProgram(
  processes: ChildProcesses,
  name: 'server' | 'worker',
  settings: NodeJS.ProcessEnv,
  logFile: string,
  args = nodeArguments(name),
): Promise<RunningProgram> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const child = await processes.start(process.execPath, args, 'SIGTERM', {
      cwd: PACKAGE_ROOT,
      env: settings,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    const over = new AbortController();
    const said = await Promise.race([
      once(child, 'message', { signal: over.signal }),
      once(child, 'exit', { signal: over.signal }).then(() => undefined),
    ]).finally(() => over.abort());
    if (said === undefined) throw new Error(`the ${name} does not start; its log ${logFile} says why`);
    const [message] = said as [{ port?: number }];
    child.channel?.unref();
    return { process: child, ready: message, stop: () => processes.stop(child, STOP_MS) };
  } finally {
    await log.close();
  }
}
