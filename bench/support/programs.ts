import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import type { ChildProcesses } from '../../src/dev/child-processes.js';
import { PACKAGE_ROOT } from '../../src/program-files.js';

/** A Node process of ours that said it is ready. */
export interface Program {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** This folder's parent's parent: the checkout, or the build of it that the bench runs from. */
const ROOT = resolve(import.meta.dirname, '../..');
const fromSource = import.meta.filename.endsWith('.ts');
const STOP_MS = 10_000;

/**
 * Starts one of our files (`src/server`, `bench/generator`) as a Node process and waits for its first message.
 * @throws Error where it ends before, saying where its log is.
 */
export async function startProgram(
  processes: ChildProcesses,
  file: string,
  settings: Readonly<Record<string, string>>,
  logFile: string,
): Promise<Program> {
  const path = relative(PACKAGE_ROOT, resolve(ROOT, `${file}${fromSource ? '.ts' : '.js'}`));
  const log = await open(logFile, 'a', 0o600);
  try {
    const child = await processes.start(process.execPath, fromSource ? ['--import', 'tsx', path] : [path], 'SIGTERM', {
      cwd: PACKAGE_ROOT,
      env: childEnvironment(settings),
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    const over = new AbortController();
    const said = await Promise.race([
      once(child, 'message', { signal: over.signal }),
      once(child, 'exit', { signal: over.signal }).then(() => undefined),
    ]).finally(() => over.abort());
    if (said === undefined) throw new Error(`${file} does not start; its log ${logFile} says why`);
    const [{ port = 0 }] = said as [{ port?: number }];
    return { port, process: child, stop: () => processes.stop(child, STOP_MS) };
  } finally {
    await log.close();
  }
}
