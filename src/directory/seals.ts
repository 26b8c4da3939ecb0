import type pg from 'pg';
import { on, type Query, run, type Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';

/** How many events and audit rows one statement seals. */
const AT_ONCE = 2_000;

const SEAL: Statement = { name: 'seal', text: 'select seal($1, $2) as more' };

/** Gives an instance's committed events and audit rows their places (guard 8); whoever does it at the same time waits. @throws UnavailableError */
export const seal = (pool: pg.Pool, instance: InstanceId): Promise<void> => sealBy(on(pool), instance);

/** The same inside a transaction, which makes others who seal wait for its end. @throws UnavailableError */
export async function sealBy(query: Query, instance: InstanceId): Promise<void> {
  let more: boolean | undefined;
  do {
    [{ more } = { more: false }] = await query<{ more: boolean }>(SEAL, [instance, AT_ONCE]);
  } while (more);
}

const UNSEALED: Statement = {
  name: 'unsealed_instances',
  text: `
    select instance_id as id from events where position is null
    union
    select instance_id from audit_log where position is null`,
};

/** The instances that have something to seal. @throws UnavailableError */
export const unsealedInstances = async (pool: pg.Pool): Promise<InstanceId[]> =>
  (await run<{ id: InstanceId }>(pool, UNSEALED, [])).map(({ id }) => id);

const VERIFY: Statement = {
  name: 'verify_audit',
  text: `select sealed::double precision, encode(hash, 'hex') as hash, fault, more from verify_audit($1, $2, decode($3, 'hex'), $4)`,
};

/** What was found of an instance's audit chain. */
export interface AuditChain {
  /** How many rows are as they were sealed, from the first on. */
  readonly sealed: number;
  /** Of the last of them, in hexadecimal digits: kept elsewhere, it proves later that nothing before it was changed. */
  readonly hash: string;
  /** The first row that is not as it was sealed, or null. */
  readonly fault: string | null;
}

/** How many rows are walked by a statement. */
const WALKED = 50_000;

/**
 * Seals what is committed and walks the whole chain; `onProgress` is told how many rows are found good. @throws UnavailableError
 */
export async function verifyAudit(
  pool: pg.Pool,
  instance: InstanceId,
  onProgress: (rows: number) => void = () => undefined,
): Promise<AuditChain> {
  await seal(pool, instance);
  let place = { sealed: 0, hash: '' };
  for (;;) {
    const [walked] = await run<AuditChain & { more: boolean }>(pool, VERIFY, [
      instance,
      place.sealed,
      place.hash,
      WALKED,
    ]);
    if (walked === undefined) throw new Error('verify_audit always says something.');
    const { more, ...chain } = walked;
    if (!more) return chain;
    place = chain;
    onProgress(chain.sealed);
  }
}
