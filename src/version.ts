import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_ROOT } from './program-files.js';

const packageSchema = z.object({ version: z.string() });

/** The version of this Roster, as its package.json has it. */
export const rosterVersion = (): string =>
  packageSchema.parse(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'))).version;
