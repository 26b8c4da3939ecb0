import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../program-files.js';

const EXPECTED = 'about 3½ minutes on two cores, once';
const CLI = 'github.com/temporalio/cli/cmd/temporal';
const TELL_EVERY_MILLISECONDS = 10_000;

/**
 * Builds a program of Temporal's from `tools/temporal` with Go into `target`, telling every ten seconds how long it has taken.
 * @param what the package of the program; the Temporal CLI unless told otherwise.
 * @throws Error with the last line of Go's words where the build fails.
 */
export async function buildTemporal(
  go: string,
  target: string,
  report: (line: string) => void,
  signal?: AbortSignal,
  what = CLI,
): Promise<void> {
  const building = `building ${what === CLI ? 'the Temporal CLI' : what} with Go`;
  report(`${building} (${EXPECTED})`);
  const start = Date.now();
  const child = spawn(go, ['build', '-ldflags=-s -w', '-o', target, what], {
    cwd: join(PACKAGE_ROOT, 'tools', 'temporal'),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2_000);
  });
  const timer = setInterval(() => {
    report(`${building}: ${Math.round((Date.now() - start) / 1_000)} s so far (${EXPECTED})`);
  }, TELL_EVERY_MILLISECONDS);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`go build failed: ${words.trim().split('\n').at(-1) ?? ''}`);
  } finally {
    clearInterval(timer);
  }
}
