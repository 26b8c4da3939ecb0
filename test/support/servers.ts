import { type Config, readConfig } from '../../src/config.js';
import { type ChildProcesses, createChildProcesses } from '../../src/dev/child-processes.js';

/** What the environment says now about the servers to test against: in tests, the shared ones. */
export const config = (): Config => readConfig();

let processes: ChildProcesses | undefined;

/** The keeper of the servers that this process has started; made when the first one is wanted. */
export function serverProcesses(): ChildProcesses {
  processes ??= createChildProcesses();
  return processes;
}

/** Ends every server of this process. */
export async function closeServerProcesses(): Promise<void> {
  await processes?.close();
  processes = undefined;
}

/** Says what a run waits for, apart from the reporter's lines. */
export const report = (line: string): void => {
  process.stderr.write(`  ${line}\n`);
};
