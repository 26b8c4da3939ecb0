import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const VERSION = '1.8.2';
const RELEASES = 'https://github.com/temporalio/cli/releases/download';
const CONNECT_MILLISECONDS = 8_000;
const STALL_MILLISECONDS = 15_000;

/**
 * Downloads the official release of the Temporal CLI into `target`, telling every two seconds how far it is.
 * @throws Error in a few words where there is no way to it, it stalls for 15 s, or there is none for this machine.
 */
export async function downloadTemporal(
  target: string,
  report: (line: string) => void,
  signal?: AbortSignal,
  releases = RELEASES,
): Promise<void> {
  const architecture = new Map<string, string>([
    ['x64', 'amd64'],
    ['arm64', 'arm64'],
  ]).get(process.arch);
  const platform = new Map<string, string>([
    ['linux', 'linux'],
    ['darwin', 'darwin'],
  ]).get(process.platform);
  if (architecture === undefined || platform === undefined) throw new Error('there is no release for this machine');
  const url = `${releases}/v${VERSION}/temporal_cli_${VERSION}_${platform}_${architecture}.tar.gz`;
  report(`downloading the Temporal CLI ${VERSION}`);

  const abort = new AbortController();
  const giveUp = (): void => abort.abort(signal?.reason);
  signal?.addEventListener('abort', giveUp);
  const limit = (milliseconds: number, fault: string) => setTimeout(() => abort.abort(new Error(fault)), milliseconds);
  let timer = limit(CONNECT_MILLISECONDS, `no answer within ${CONNECT_MILLISECONDS / 1_000} s`);
  try {
    const response = await fetch(url, { signal: abort.signal }).catch((error: unknown) => {
      throw new Error(abort.signal.aborted ? (abort.signal.reason as Error).message : 'no way to the release', {
        cause: error,
      });
    });
    if (!response.ok || response.body === null) throw new Error(`the release answered ${response.status}`);
    const total = Number(response.headers.get('content-length') ?? 0);
    let received = 0;
    let told = Date.now();
    const progress = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        received += chunk.length;
        clearTimeout(timer);
        timer = limit(STALL_MILLISECONDS, `stalled after ${megabytes(received)} MB`);
        if (Date.now() - told > 2_000) {
          told = Date.now();
          report(
            `downloading the Temporal CLI: ${megabytes(received)}${total > 0 ? ` of ${megabytes(total)}` : ''} MB`,
          );
        }
        done(null, chunk);
      },
    });
    await unpack(Readable.fromWeb(response.body), progress, target, abort.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

const megabytes = (bytes: number) => (bytes / 1_000_000).toFixed(0);

/** Unpacks the one program of the archive, through a folder beside `target`, so that a broken archive leaves nothing. */
async function unpack(archive: Readable, progress: Transform, target: string, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-xzf', '-', '-O', 'temporal'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const closed = once(tar, 'close') as Promise<[number | null]>;
  const unfinished = join(dirname(target), `.${basename(target)}.part`);
  try {
    await Promise.all([
      pipeline(archive, progress, tar.stdin, { signal }),
      pipeline(tar.stdout, createWriteStream(unfinished)),
    ]);
    const [code] = await closed;
    if (code !== 0) throw new Error('the archive is damaged');
    await chmod(unfinished, 0o755);
    await rename(unfinished, target);
  } catch (error) {
    tar.kill('SIGKILL');
    await rm(unfinished, { force: true });
    if (signal.aborted) throw signal.reason;
    throw error;
  }
}
