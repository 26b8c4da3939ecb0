import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { z } from 'zod';
import { listRows, type ShownRow } from '../directory/import-rows.js';
import { actOnImport, type Import, listImports, showImport } from '../directory/imports.js';
import { isId } from '../ids.js';
import { IMPORT_ATTRIBUTES, readMapping } from '../imports/columns.js';
import { FILE_TYPES } from '../imports/read-file.js';
import { rejectsFile } from '../imports/rejects.js';
import { stageFile } from '../imports/stage-file.js';
import * as importSchemas from './import-schemas.js';
import { limit, listOf, pageBy, pageOf, pageQuery } from './page.js';
import { notFound } from './problem.js';
import {
  type AdminRoute,
  Download,
  fromBody,
  fromQuery,
  fromUpload,
  instanceRoute,
  Located,
  nothing,
  route,
} from './route.js';
import { feedCursor } from './schemas.js';

const EVERY_MS = 1_000;

/** A line of a file. */
const line = feedCursor.pipe(z.number().max(2 ** 31 - 1));

const upload = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .meta({ description: 'Says what would be; writes nothing but the report' }),
  mapping: z
    .string()
    .max(4_096)
    .default('')
    .meta({
      description: `What columns of other names say: <column>:<attribute>, with commas between them; ${IMPORT_ATTRIBUTES.join(', ')}`,
      example: 'Work mail:email,Boss:manager',
    }),
});

/** Files of people: staged as they come, brought in by a run of their own. */
export function importRoutes({ pool }: { readonly pool: pg.Pool }): AdminRoute[] {
  const find = async (id: string): Promise<Import> => {
    if (!isId(id)) throw notFound(`There is no import ${id}.`);
    return showImport(pool, id);
  };

  return [
    instanceRoute({
      name: 'createImport',
      summary:
        'Import a file of people: CSV with a header, or a JSON object a line. The same Idempotency-Key is the same import',
      method: 'POST',
      path: '/instances/{slug}/imports',
      role: 'operator',
      audited: 'import.begin',
      conflict: 'A file under this Idempotency-Key is on its way.',
      unprocessable: 'This Idempotency-Key was used for another file or question.',
      input: fromUpload(upload, FILE_TYPES),
      status: 202,
      answer: importSchemas.importStatus,
      handle: async ({ instance, input: { query, type, upload: file }, by }) => {
        const options = {
          type,
          dryRun: query.dryRun,
          mapping: readMapping(query.mapping),
          idempotencyKey: file.idempotencyKey,
        };
        const { import: staged } = await stageFile(pool, instance, bodyOf(file.bytes), options, by);
        return new Located(`/imports/${staged.id}`, present(staged));
      },
    }),
    instanceRoute({
      name: 'listImports',
      summary: "An instance's imports, the newest first",
      method: 'GET',
      path: '/instances/{slug}/imports',
      role: 'viewer',
      input: fromQuery(z.strictObject(pageQuery)),
      status: 200,
      answer: listOf(importSchemas.importStatus),
      handle: async ({ instance, input }) => {
        const { items, nextCursor } = await pageOf(
          input,
          (part) => listImports(pool, instance, part),
          ({ id }) => id,
        );
        return { items: items.map(present), nextCursor };
      },
    }),
    route({
      name: 'getImport',
      summary: 'How far an import is',
      method: 'GET',
      path: '/imports/{id}',
      role: 'viewer',
      input: nothing,
      status: 200,
      answer: importSchemas.importStatus,
      handle: async ({ id }) => present(await find(id)),
    }),
    route({
      name: 'followImport',
      summary: 'The same as server-sent events, each time it changes, until the import ends',
      method: 'GET',
      path: '/imports/{id}/events',
      role: 'viewer',
      input: nothing,
      status: 200,
      downloads: ['text/event-stream'],
      handle: async ({ id }) => {
        const { id: known } = await find(id);
        return new Download(
          'text/event-stream',
          follow(() => showImport(pool, known)),
        );
      },
    }),
    route({
      name: 'listImportRows',
      summary:
        "An import's rows in the order of the file, each with its outcome; those of one outcome where that is named",
      method: 'GET',
      path: '/imports/{id}/rows',
      role: 'viewer',
      input: fromQuery(
        z.strictObject({
          outcome: importSchemas.rowOutcome.optional(),
          cursor: line.default(0).meta({ description: 'nextCursor of the page before' }),
          limit,
        }),
      ),
      status: 200,
      answer: listOf(importSchemas.importRow),
      handle: async ({ id, input }) => {
        const found = await find(id);
        const { items, nextCursor } = await pageBy(
          input,
          ({ after = 0, limit: most }) => listRows(pool, found, { after, limit: most, outcome: input.outcome }),
          ({ line }) => String(line),
        );
        return { items: items.map(presentRow), nextCursor };
      },
    }),
    route({
      name: 'getImportRejects',
      summary:
        'The rejected rows as CSV, with the line, the column at fault and the reason: to be corrected and sent again',
      method: 'GET',
      path: '/imports/{id}/rejects',
      role: 'viewer',
      input: nothing,
      status: 200,
      downloads: ['text/csv'],
      handle: async ({ id }) => new Download('text/csv', rejectsFile(pool, await find(id))),
    }),
    route({
      name: 'actOnImport',
      summary: 'Pause, resume or cancel an import',
      method: 'POST',
      path: '/imports/{id}/actions',
      role: 'operator',
      audited: 'import.act',
      input: fromBody(importSchemas.importAction),
      status: 200,
      answer: importSchemas.importStatus,
      conflict: 'The import is in no state for that.',
      instanceOf: async (id) => (await find(id)).instance,
      handle: async ({ id, input: { action, reason }, by }) => {
        await find(id);
        return present(await actOnImport(pool, id, action, reason, by));
      },
    }),
  ];
}

/**
 * What a client sends, until the reader has enough of it: the rest is read into nothing, since a browser that is still sending shows no
 * answer. A client that goes away in the middle has not sent the file.
 */
function bodyOf(request: Readable): Readable {
  const bytes = new PassThrough();
  // Whoever reads it is told; before anybody does, an error that nobody hears would end the process.
  bytes.on('error', () => undefined);
  const end = (): void => void bytes.destroy(new Error('The client went away before the end of the file.'));
  request.once('aborted', end);
  bytes.once('close', () => void request.unpipe(bytes).resume());
  if (request.destroyed && !request.readableEnded) end();
  return request.pipe(bytes);
}

async function* follow(read: () => Promise<Import>): AsyncGenerator<string> {
  let told = '';
  for (;;) {
    const now = await read();
    const text = JSON.stringify(importSchemas.importStatus.parse(present(now)));
    // A comment keeps the connection where there is nothing new.
    yield text === told ? ':\n\n' : `data: ${text}\n\n`;
    told = text;
    if (now.finishedAt !== null) return;
    await delay(EVERY_MS);
  }
}

function present({ id, state, dryRun, rows, unknownColumns, createdAt, finishedAt, rowsPerSecond }: Import) {
  return {
    id,
    state,
    dryRun,
    rows,
    unknownColumns: [...unknownColumns],
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    rowsPerSecond,
  };
}

const presentRow = ({ changed, ...row }: ShownRow) => ({ ...row, changed: changed === null ? [] : changed.split(',') });
