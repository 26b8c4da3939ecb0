import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { askAdmin } from '../ask.js';
import type { Operation } from '../ledger.js';
import { type ClientOf, userNameOf } from '../world.js';
import { think } from './think.js';

const THINK_MS = 2_000;
const POLL_MS = 300;

const rowsSchema = z.object({
  items: z.array(z.object({ userName: z.string().nullable(), outcome: z.string(), reason: z.string().nullable() })),
  nextCursor: z.union([z.string(), z.number()]).nullable(),
});
type Row = z.infer<typeof rowsSchema>['items'][number];
const importSchema = z.object({
  id: z.string(),
  state: z.string(),
  rows: z.object({
    total: z.number(),
    pending: z.number(),
    created: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    rejected: z.number(),
    cancelled: z.number(),
  }),
});

/**
 * Sends one file after the other with the same people and something new of each, until told to stop; the last one it follows to its end.
 * Whether an upload came, nobody knows who was not answered: it is sent again under the same Idempotency-Key.
 */
export async function importPeople(of: ClientOf, names: readonly string[]): Promise<void> {
  const { world, tenant, random } = of;
  for (let count = 1; !world.signal.aborted; count += 1) {
    const rows = names.map((name) => ({ name, title: `${name} file ${count}`, manager: random.pick(tenant.people) }));
    const operations = new Map(
      rows.map(({ name, title, manager }): [string, Operation] => {
        const asserted = { exists: true, active: true, title, manager, userName: userNameOf(name) };
        return [name, world.ledger.begin({ instance: tenant.instance, subject: name, kind: 'import row', asserted })];
      }),
    );
    const file = ['email,externalId,title,manager']
      .concat(rows.map(({ name, title, manager }) => `${userNameOf(name)},${name},${title},${manager}`))
      .join('\n');
    const key = `${tenant.instance} ${count}`;
    const outcomes = await send(of, file, key);
    for (const [name, operation] of operations) {
      const { outcome, reason } = outcomes?.get(userNameOf(name)) ?? {};
      if (outcome === 'rejected' && reason?.includes('in Okta meanwhile') !== true)
        world.seen.push(`I12 ${key}: ${name} was rejected: ${reason}`);
      if (outcomes !== undefined && outcome === undefined) world.seen.push(`I12 ${key}: no row of ${name}`);
      const verdict = outcome === undefined ? 'unknown' : DONE.has(outcome) ? 'ok' : 'fail';
      world.ledger.end(operation, { outcome: verdict });
    }
    await think(of, THINK_MS);
  }
}

const DONE = new Set(['created', 'updated', 'unchanged']);
/** An import that has not ended so long after all faults are over is a fault. */
const PATIENCE_MS = 120_000;

/** Sends a file and follows it to its end. @returns what became of each row by userName; undefined where that can't be told */
async function send(of: ClientOf, file: string, key: string): Promise<Map<string, Row> | undefined> {
  const { world, tenant } = of;
  let end = Number.POSITIVE_INFINITY;
  const ask = async <Schema extends z.ZodType>(
    question: Parameters<typeof askAdmin>[1],
    schema: Schema,
    isGood: (answer: z.infer<Schema>) => boolean,
  ): Promise<z.infer<Schema> | undefined> => {
    while (performance.now() < end) {
      if (world.signal.aborted) end = Math.min(end, performance.now() + PATIENCE_MS);
      const answer = await askAdmin(of, question);
      const parsed = schema.safeParse(answer?.body);
      if (answer !== undefined && answer.status < 300 && parsed.success && isGood(parsed.data)) return parsed.data;
      if (
        answer !== undefined &&
        answer.status >= 400 &&
        ![401, 429, 503].includes(answer.status) &&
        answer.body?.['code'] !== 'import_staging'
      ) {
        world.seen.push(`I12 ${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return undefined;
      }
      await delay(POLL_MS);
    }
    world.seen.push(`I12 ${key} has not ended`);
    return undefined;
  };
  const headers = { 'content-type': 'text/csv', 'idempotency-key': key };
  const upload = { method: 'POST', path: `/instances/${tenant.instance}/imports`, body: file, headers };
  const begun = await ask(upload, importSchema, () => true);
  if (begun === undefined) return undefined;
  const path = `/imports/${begun.id}`;
  const done = await ask({ method: 'GET', path }, importSchema, ({ state }) => ['done', 'cancelled'].includes(state));
  if (done === undefined) return undefined;
  const { total, ...counts } = done.rows;
  const sum = Object.values(counts).reduce((all, count) => all + count, 0);
  if (sum !== total || counts.pending > 0)
    world.seen.push(`I12 ${key}: sums do not match ${JSON.stringify(done.rows)}`);
  const rows = await ask({ method: 'GET', path: `${path}/rows?limit=1000` }, rowsSchema, () => true);
  return rows && new Map(rows.items.map((row) => [row.userName ?? '', row]));
}
