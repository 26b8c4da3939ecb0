import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** True where this module is the program that was started, not one that was imported. */
export const isMain = (url: string): boolean =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
