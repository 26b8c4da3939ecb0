import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.js';

const devFileSchema = z.object({
  pid: z.int(),
  instance: z.string(),
  scimUrl: z.string(),
  scimToken: z.string(),
  adminUrl: z.string(),
  adminToken: z.string(),
  consoleUrl: z.string(),
  temporalAddress: z.string(),
  temporalUiUrl: z.string(),
  databaseUrl: z.string(),
});

/** Where a running `roster dev` listens, and the keys to it. */
export type DevFile = Readonly<z.infer<typeof devFileSchema>>;

/** Writes the file whole, or not at all, readable by its owner only. */
export async function writeDevFile(path: string, content: DevFile): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
}

/** What a `roster dev` on this home has written; undefined where there is none, or something else. */
export async function readDevFile(path: string): Promise<DevFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return devFileSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export const removeDevFile = (path: string): Promise<void> => rm(path, { force: true });

/** Path of the file in which `roster dev` tells others where it listens. */
export const devFilePath = (config: Config): string => join(config.home, 'dev.json');
