import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The folder of this checkout or installation: the nearest one above that has a package.json. */
export const PACKAGE_ROOT = packageRoot(import.meta.dirname);

/** True where this program runs from its TypeScript sources. */
export const fromSource = import.meta.filename.endsWith('.ts');

const ENDING = fromSource ? '.ts' : '.js';

/** Where the workflows begin that are to be bundled for a worker. */
export const WORKFLOWS = resolve(import.meta.dirname, '..', 'workflows', `index${ENDING}`);

function packageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) return folder;
  return packageRoot(dirname(folder));
}

/**
 * Arguments for `node`, to be run in PACKAGE_ROOT, that start one of this program's files: `--import tsx src/worker.ts`
 * from source, `dist/src/worker.js` from a build.
 * @param name path below `src` without its ending, for example `dev/reaper`.
 */
export function nodeArguments(name: string): string[] {
  const file = resolve(import.meta.dirname, `${name}${ENDING}`);
  const path = relative(PACKAGE_ROOT, file);
  return fromSource ? ['--import', 'tsx', path] : [path];
}
