import { spawn } from 'node:child_process';
import { childEnvironment } from '../../src/config.js';
import { PACKAGE_ROOT } from '../../src/program-files.js';
import { SECRET, type TestRoster } from './roster.js';
import { shippedArguments } from './shipped.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `roster` with these arguments on the database and the Temporal of a test's Roster. */
export const runCommand = (
  { config: { temporal, databaseUrl } }: TestRoster,
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [...shippedArguments('cli'), ...args], {
      cwd: PACKAGE_ROOT,
      env: childEnvironment({
        DATABASE_URL: databaseUrl ?? '',
        TEMPORAL_ADDRESS: temporal.address ?? '',
        TEMPORAL_NAMESPACE: temporal.namespace,
        TEMPORAL_TASK_QUEUE: temporal.taskQueue,
        ROSTER_SECRET: SECRET,
        ROSTER_HOME: '/nowhere',
        ...settings,
      }),
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('close', (code) => resolve({ code: code ?? 1, out, err }));
  });
