import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { isRetryable, isUnavailable } from '../../src/database/errors.js';
import { askAdmin } from '../ask.js';
import type { ClientOf, World } from '../world.js';

const SAMPLE_MS = 50;
const FOLLOW_MS = 300;
/** How often it is asked at the most once clients are to end. */
const LAST_TRIES = 100;

/** What is true at each moment, not only in the end: a statement has no rows. */
const ALWAYS: Readonly<Record<string, string>> = {
  'I5 somebody is off and has access': `
    select u.id, u.version from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
    where u.instance_id = any ($1) and (not u.active or u.deleted_at is not null) and a.status = 'active'`,
  // An import's own run sees to its people.
  'I9 somebody is behind and nobody is to see to it': `
    select a.id, a.applied_version, a.asserted_version from accounts a
    join users u on u.instance_id = a.instance_id and u.id = a.id
    left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
    where a.instance_id = any ($1) and a.applied_version < a.asserted_version and p.due is null and u.source <> 'import'
      and not exists (select from kicks k where k.instance_id = a.instance_id and k.user_id = a.id)`,
};

/** Looks at the database all the time, until told to stop; that it never could is wrong too. */
export async function watchAlways(world: World): Promise<void> {
  const instances = world.tenants.map(({ instance }) => instance);
  let looked = 0;
  while (!world.signal.aborted) {
    for (const [name, text] of Object.entries(ALWAYS)) {
      // PostgreSQL is away from time to time, and a deadlock may end who looks.
      const found = await world.cluster.pool.query(text, [instances]).catch((error: unknown) => {
        if (!isUnavailable(error) && !isRetryable(error)) throw error;
      });
      if (found === undefined) continue;
      looked += 1;
      world.seen.push(...found.rows.map((row) => `${name}: ${JSON.stringify(row)}`));
    }
    await delay(SAMPLE_MS, undefined, { signal: world.signal }).catch(() => undefined);
  }
  if (looked === 0) world.seen.push('nobody could look at what is true at each moment');
}

const feedSchema = z.object({
  items: z.array(
    z.object({ cursor: z.coerce.number(), type: z.string(), account: z.object({ id: z.string() }).optional() }),
  ),
});

/** Follows the feed of events until this signal, and then to its end. @returns the cursors in the order in which they came */
export async function followEvents(of: ClientOf, signal: AbortSignal): Promise<readonly number[]> {
  const { world, tenant } = of;
  const cursors: number[] = [];
  for (let isLast = false, tries = 0; tries < LAST_TRIES; ) {
    const after = cursors.at(-1) ?? 0;
    const path = `/instances/${tenant.instance}/events?after=${after}&limit=1000`;
    const answer = await askAdmin(of, { method: 'GET', path });
    const parsed = feedSchema.safeParse(answer?.body);
    if (answer?.status === 200) {
      if (!parsed.success) world.seen.push(`I10 the feed is not as documented: ${z.prettifyError(parsed.error)}`);
      cursors.push(...(parsed.data?.items ?? []).map(({ cursor }) => cursor));
      if (isLast) return cursors;
    }
    isLast = signal.aborted;
    if (isLast) tries += 1;
    await delay(FOLLOW_MS);
  }
  world.seen.push(`I10 the feed of ${tenant.instance} can't be read`);
  return cursors;
}
