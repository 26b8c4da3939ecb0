import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './program-files.js';

const EXPECTED = 'about 3½ minutes on two cores, once';
const TELL_EVERY_MILLISECONDS = 10_000;

/**
 * Builds the Temporal CLI from `tools/temporal` with Go into `target`, telling every ten seconds how long it has taken.
 * @throws Error with the last line of Go's words where the build fails.
 */
export async function buildTemporal(
  go: string,
  target: string,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  report(`building the Temporal CLI with Go (${EXPECTED})`);
  const start = Date.now();
  const child = spawn(go, ['build', '-ldflags=-s -w', '-o', target, 'github.com/temporalio/cli/cmd/temporal'], {
    cwd: join(PACKAGE_ROOT, 'tools', 'temporal'),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2_000);
  });
  const timer = setInterval(() => {
    report(`building the Temporal CLI with Go: ${Math.round((Date.now() - start) / 1_000)} s so far (${EXPECTED})`);
  }, TELL_EVERY_MILLISECONDS);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`go build failed: ${words.trim().split('\n').at(-1) ?? ''}`);
  } finally {
    clearInterval(timer);
  }
}
