import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeArguments, PACKAGE_ROOT } from '../program-files.js';

/** The processes that this one has started and answers for. */
export interface ChildProcesses {
  /**
   * Starts a process outside our process group, so that a Ctrl-C in the terminal reaches us alone and the order of
   * stopping is ours. It does not outlive us, whatever ends us.
   * @param stopSignal what asks this process to end.
   * @throws the operating system's error where the program cannot be started.
   */
  start(
    command: string,
    args: readonly string[],
    stopSignal: NodeJS.Signals,
    options?: SpawnOptions,
  ): Promise<ChildProcess>;
  /** Asks a process to end; after `patience` milliseconds it is killed. Resolves when it is gone. */
  stop(child: ChildProcess, patience: number): Promise<void>;
  /** Stops whatever still runs and gives up the watch over them. */
  close(): Promise<void>;
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Begins to keep watch over child processes, with the help of a small process (`reaper`) that notices our death. */
export function createChildProcesses(): ChildProcesses {
  const running = new Map<ChildProcess, NodeJS.Signals>();
  const reaper = spawn(process.execPath, nodeArguments('dev/reaper'), {
    cwd: PACKAGE_ROOT,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.unref();
  reaper.on('error', () => undefined);
  reaper.stdin.on('error', () => undefined);

  const start: ChildProcesses['start'] = async (command, args, stopSignal, options = {}) => {
    const child = spawn(command, args, { ...options, detached: true });
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      throw error;
    }
    running.set(child, stopSignal);
    reaper.stdin.write(`+${pid} ${stopSignal}\n`);
    child.once('exit', () => {
      running.delete(child);
      if (reaper.stdin.writable) reaper.stdin.write(`-${pid}\n`);
    });
    child.on('error', () => undefined);
    return child;
  };

  const stop: ChildProcesses['stop'] = async (child, patience) => {
    if (ended(child)) return;
    const exit = once(child, 'exit');
    child.kill(running.get(child) ?? 'SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    await exit.finally(() => clearTimeout(timer));
  };

  const close = async () => {
    await Promise.all([...running.keys()].map((child) => stop(child, 5_000)));
    if (ended(reaper)) return;
    const exit = once(reaper, 'exit');
    reaper.ref();
    reaper.stdin.end();
    await exit;
  };

  return { start, stop, close };
}
