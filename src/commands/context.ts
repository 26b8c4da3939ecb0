import { join } from 'node:path';
import type pg from 'pg';
import { type Config, required } from '../config.js';
import { createPool } from '../database/pool.js';
import { type DevFile, devFilePath, readDevFile } from '../dev/dev-file.js';
import { keptSecret } from '../dev/secrets.js';
import type { Actor } from '../directory/users.js';
import type { TemporalUi } from '../dispatch/temporal-ui.js';

/** Whoever can run the command line on the database is an operator without a token. */
export const BY_CLI: Actor = { actor: 'cli', source: 'admin', requestId: null };

/**
 * Gives a command the database: the one that the settings name, or else that of the `roster dev` on this home.
 * @throws ConfigError where there is neither, UnavailableError, and what the command throws.
 */
export async function withDatabase<Result>(config: Config, work: (pool: pg.Pool) => Promise<Result>): Promise<Result> {
  const pool = createPool({
    url: await databaseUrl(config),
    max: 2,
    applicationName: 'roster cli',
    connectionTimeout: 5_000,
    statementTimeout: 30_000,
    onError: () => undefined,
  });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** The database of the settings, or of a running `roster dev`. @throws ConfigError */
export const databaseUrl = async (config: Config): Promise<string> =>
  required(config.databaseUrl ?? (await readDevFile(devFilePath(config)))?.databaseUrl, 'DATABASE_URL');

/** The `roster dev` on this home, where the settings name no other database than its own: of two Rosters no halves are mixed. */
async function ownDev(config: Config): Promise<DevFile | undefined> {
  const dev = await readDevFile(devFilePath(config));
  return config.databaseUrl === undefined || config.databaseUrl === dev?.databaseUrl ? dev : undefined;
}

/** Whether an application may be in a private network: as the settings say, and always in the database of a `roster dev`. */
export const allowsPrivateApplications = async (config: Config): Promise<boolean> =>
  config.allowPrivateApplications || (await ownDev(config)) !== undefined;

/** The key of the token digests, which must be the server's: that of a `roster dev` is kept on its home. @throws ConfigError */
export async function tokenSecret(config: Config): Promise<string> {
  const isOwn = (await ownDev(config)) !== undefined;
  const kept = isOwn ? await keptSecret(join(config.home, 'secrets.json')) : undefined;
  return required(kept ?? config.secret, 'ROSTER_SECRET');
}

/** Where its Web UI is: that of a running `roster dev`, where the settings name no Temporal of their own. */
export async function temporalUi(config: Config): Promise<TemporalUi> {
  const { address, uiUrl, namespace } = config.temporal;
  const dev = address === undefined ? await ownDev(config) : undefined;
  return { url: dev?.temporalUiUrl ?? uiUrl, namespace };
}

/** Where Temporal is: as the settings say, or that of a running `roster dev`. @throws ConfigError */
export async function temporalTarget(config: Config): Promise<{ address: string; namespace: string }> {
  const address = config.temporal.address ?? (await ownDev(config))?.temporalAddress;
  return { address: required(address, 'TEMPORAL_ADDRESS'), namespace: config.temporal.namespace };
}
