import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const secretsSchema = z.object({
  rosterSecret: z.string().min(32),
  postgresPassword: z.string().min(1),
  scimToken: z.string().optional(),
  adminToken: z.string().optional(),
});

/** What `roster dev` makes once and keeps, so that a second start finds its data and the same tokens. */
export type Secrets = z.infer<typeof secretsSchema>;

/** The kept secrets, made where there are none yet. @throws Error where the file is there and is not what it should be. */
export async function readSecrets(path: string): Promise<Secrets> {
  const kept = await keptSecrets(path);
  if (kept !== undefined) return kept;
  const secrets = { rosterSecret: randomBytes(32).toString('hex'), postgresPassword: randomBytes(16).toString('hex') };
  await writeSecrets(path, secrets);
  return secrets;
}

/** Keeps secrets, readable by their owner only. */
export async function writeSecrets(path: string, secrets: Secrets): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
}

/** The key of the token digests as `roster dev` keeps it; undefined where there is none. @throws Error where the file is damaged */
export const keptSecret = async (path: string): Promise<string | undefined> => (await keptSecrets(path))?.rosterSecret;

async function keptSecrets(path: string): Promise<Secrets | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is damaged. Remove the folder ${dirname(path)} to begin anew.`, { cause });
  }
}
