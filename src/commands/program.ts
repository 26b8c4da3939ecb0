import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command } from 'commander';
import { nodeArguments, PACKAGE_ROOT } from '../program-files.js';

/** `roster server` and `roster worker`: run the program as a process so named, and end as it ends. */
export const programCommand = (name: 'server' | 'worker', description: string): Command =>
  new Command(name)
    .description(description)
    .addHelpText('after', `\nSettings come from the environment; see .env.example.\n\nExample:\n  $ roster ${name}`)
    .action(async () => {
      const child = spawn(process.execPath, nodeArguments(name), { cwd: PACKAGE_ROOT, stdio: 'inherit' });
      // What is sent to us alone is handed on. A Ctrl-C in the terminal reaches both of us: to stop twice is to stop once.
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void child.kill(signal));
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? 1;
    });
