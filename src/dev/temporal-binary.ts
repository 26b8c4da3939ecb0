import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../program-files.js';
import { commandLine } from './process-list.js';
import { buildTemporal } from './temporal-build.js';
import { downloadTemporal } from './temporal-download.js';

/** The first server with all that Roster asks of it. */
const OLDEST_SERVER = [1, 31] as const;

/** No Temporal CLI can be had here; the message lists what was tried and what to do. */
export class TemporalBinaryError extends Error {
  override readonly name = 'TemporalBinaryError';
}

export interface TemporalBinaryOptions {
  /** The setting TEMPORAL_CLI. */
  readonly cliPath: string | undefined;
  /** The setting PATH. */
  readonly path: string;
  readonly report: (line: string) => void;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
  /** Keeps what was downloaded or built, for every Roster of this checkout. */
  readonly binFolder?: string;
  readonly download?: typeof downloadTemporal;
  readonly build?: typeof buildTemporal;
}

/**
 * Finds a Temporal CLI, or gets one: TEMPORAL_CLI, `temporal` on the PATH, `.roster/bin/temporal`, a download of the
 * official release, a build with Go. Two processes that ask at once get it once.
 * @throws TemporalBinaryError where none of these gives one, or TEMPORAL_CLI names none.
 */
export async function findTemporal(options: TemporalBinaryOptions): Promise<string> {
  const { cliPath, report, binFolder = join(PACKAGE_ROOT, '.roster', 'bin') } = options;
  if (cliPath !== undefined) {
    if (await isExecutable(cliPath)) return cliPath;
    throw new TemporalBinaryError(`TEMPORAL_CLI is ${cliPath}, which is not a program. Correct or unset it.`);
  }
  const onPath = await findOnPath('temporal', options.path);
  if (onPath !== undefined) {
    const server = await serverVersion(onPath);
    if (isNewEnough(server)) return onPath;
    report(
      `${onPath} is too old (server ${server?.join('.') ?? 'unknown'}, needed ${OLDEST_SERVER.join('.')}); looking further`,
    );
  }
  const kept = join(binFolder, 'temporal');
  if (await isExecutable(kept)) return kept;
  await mkdir(binFolder, { recursive: true });
  const unlock = await lock(`${kept}.lock`, report, options.signal);
  try {
    if (await isExecutable(kept)) return kept;
    const unfinished = `${kept}.${process.pid}`;
    await get(options, unfinished);
    await rename(unfinished, kept);
    return kept;
  } finally {
    await unlock();
  }
}

async function get(options: TemporalBinaryOptions, target: string): Promise<void> {
  const { report, signal, download = downloadTemporal, build = buildTemporal } = options;
  const faults: string[] = [];
  try {
    await download(target, report, signal);
    return;
  } catch (error) {
    signal?.throwIfAborted();
    faults.push(`download: ${message(error)}`);
    report(`the Temporal CLI cannot be downloaded (${message(error)})`);
  }
  try {
    await build(await findGo(options.path), target, report, signal);
  } catch (error) {
    await rm(target, { force: true });
    signal?.throwIfAborted();
    faults.push(`build: ${message(error)}`);
    throw new TemporalBinaryError(
      `No Temporal CLI here (${faults.join('; ')}). Install it (https://docs.temporal.io/cli) and set TEMPORAL_CLI to its path, or set TEMPORAL_ADDRESS to a running server.`,
    );
  }
}

/** The path of Go. @throws Error where it is not installed. */
export async function findGo(path: string): Promise<string> {
  const go =
    (await findOnPath('go', path)) ?? (await firstExecutable(['/usr/local/go/bin/go', '/opt/homebrew/bin/go']));
  if (go === undefined) throw new Error('Go is not installed');
  return go;
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isExecutable(path)) return path;
  return undefined;
}

const findOnPath = (name: string, path: string): Promise<string | undefined> =>
  firstExecutable(
    path
      .split(delimiter)
      .filter(isAbsolute)
      .map((folder) => join(folder, name)),
  );

async function serverVersion(binary: string): Promise<readonly [number, number] | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 10_000 });
    const match = /Server (\d+)\.(\d+)/.exec(stdout);
    return match === null ? undefined : [Number(match[1]), Number(match[2])];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: readonly [number, number] | undefined): boolean {
  if (version === undefined) return false;
  const [major, minor] = version;
  return major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1]);
}

/** A lock without a number is one that is just being written, or was never finished. */
const UNFINISHED_MS = 5_000;

/** Waits until nobody else who lives holds the lock, then holds it. @returns what gives it up. */
async function lock(
  file: string,
  report: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  let told = 0;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
    // Who was killed has left its mark; its number may be another's by now, or our own.
    const writtenAt = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
    const isHeld =
      holder === process.pid
        ? writtenAt >= performance.timeOrigin
        : Number.isNaN(holder)
          ? Date.now() - writtenAt < UNFINISHED_MS
          : (await commandLine(holder))?.includes('node') === true;
    if (!isHeld) {
      await rm(file, { force: true });
      continue;
    }
    if (Date.now() - told > 15_000) {
      told = Date.now();
      report(`waiting for process ${holder}, which is getting the Temporal CLI`);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
