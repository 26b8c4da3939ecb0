import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type pg from 'pg';
import type { Config } from '../config.js';
import { actOnImport, IMPORT_ACTIONS, type Import, type ImportAction, showImport } from '../directory/imports.js';
import { RefusedError } from '../errors.js';
import { type InstanceId, isId } from '../ids.js';
import { readMapping } from '../imports/columns.js';
import type { FileType } from '../imports/read-file.js';
import { rejectsFile } from '../imports/rejects.js';
import { stageFile } from '../imports/stage-file.js';
import { listInstances, showInstance } from '../instances/instances.js';
import { BY_CLI, withDatabase } from './context.js';
import { progressBar } from './import-progress.js';
import { JSON_OPTION, note, print, printOne } from './output.js';

const TEMPLATE = [
  'email,firstName,lastName,displayName,title,role,manager,externalId,active',
  'ada.lane@example.com,Ada,Lane,Ada Lane,Chief Executive,coach,,1001,true',
  'bo.kim@example.com,Bo,Kim,,Engineer,,ada.lane@example.com,1002,true',
].join('\n');

const EXIT_CODES = '0: all rows were taken, 1: it could not be done, 2: some rows were rejected, 3: it was cancelled';
const POLL_MS = 500;

interface Options {
  readonly instance?: string;
  readonly dryRun?: boolean;
  readonly mapping?: string;
  readonly key?: string;
  readonly format?: 'csv' | 'ndjson';
  readonly watch?: string | true;
  readonly detach?: boolean;
  readonly template?: boolean;
  readonly pause?: string;
  readonly resume?: string;
  readonly cancel?: string;
  readonly why?: string;
  readonly rejects?: string;
  readonly json?: boolean;
}

/** `roster import`: brings in a file of people, watches it, and writes what was rejected beside it. */
export const importCommand = (config: Config): Command =>
  new Command('import')
    .description('bring in a file of people, and watch it')
    .argument('[file]', 'CSV with a header, or a JSON object a line (.ndjson, .jsonl); "-" for standard input')
    .option('--instance <instance>', 'whose people they are; may be left out where there is only one instance')
    .option('--dry-run', 'say what would be; nothing is written but the report')
    .option('--mapping <pairs>', 'what columns of other names say, as "Work mail:email,Boss:manager"')
    .option('--key <text>', 'the same key is the same import, however often the command is run')
    .addOption(
      new Option('--format <format>', 'how the file is written; by its name unless told').choices(['csv', 'ndjson']),
    )
    .option('--watch [import]', 'go on watching an import that was begun before; a file is watched anyway')
    .option('--detach', 'do not wait for the end')
    .option('--template', 'print a file to start from')
    .option('--pause <import>', 'stop an import after the page in hand')
    .option('--resume <import>', 'go on with one that is paused')
    .option('--cancel <import>', 'stop one for good; what is done stays')
    .option('--why <reason>', 'why, for the audit log')
    .option('--rejects <file>', 'where the rejected rows go, instead of beside the file; it is overwritten')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nThe rows that were rejected are written beside the file (people.rejects.csv, or with the import's id where that is there already), with the reason of each: correct them and send that file.\n\nExit code ${EXIT_CODES}.\n\nExamples:\n  $ roster import --template > people.csv\n  $ roster import people.csv --instance acme --dry-run\n  $ roster import people.csv --instance acme`,
    )
    .action(async (argument: string | undefined, options: Options) => {
      if (options.template === true) return print(TEMPLATE);
      // "--watch people.csv" watches the file.
      const watched = typeof options.watch === 'string' && isId(options.watch) ? options.watch : undefined;
      const file = argument ?? (watched === undefined && typeof options.watch === 'string' ? options.watch : undefined);
      await withDatabase(config, async (pool) => {
        for (const action of IMPORT_ACTIONS) {
          const id = options[action];
          if (id !== undefined) return show(await act(pool, id, action, options.why), options);
        }
        const begun = watched === undefined ? await begin(pool, file, options) : await showImport(pool, watched);
        if (options.detach === true) return show(begun, options);
        const ended = await watch(pool, begun.id);
        show(ended, options);
        await keepRejects(pool, ended, options.rejects ?? (await freeRejects(ended, file)));
        process.exitCode = ended.state === 'cancelled' ? 3 : ended.rows.rejected > 0 ? 2 : 0;
      });
    });

const act = (pool: pg.Pool, id: string, action: ImportAction, why: string | undefined): Promise<Import> => {
  if (!isId(id)) throw new RefusedError('not_found', `There is no import ${id}.`);
  if (why === undefined || why.trim() === '') throw new RefusedError('invalid_import', 'Say why: --why "…"');
  return actOnImport(pool, id, action, why, BY_CLI);
};

async function begin(pool: pg.Pool, file: string | undefined, options: Options): Promise<Import> {
  if (file === undefined)
    throw new RefusedError('invalid_import', 'Name a file; "roster import --template" prints one to start from.');
  const instance = await instanceOf(pool, options.instance);
  if (file !== '-' && !(await stat(file).catch(() => undefined))?.isFile()) {
    throw new RefusedError('invalid_import', `There is no file ${file}.`);
  }
  const bytes = file === '-' ? process.stdin : createReadStream(file);
  const { import: staged, isNew } = await stageFile(
    pool,
    instance,
    bytes,
    {
      type: typeOf(file, options.format),
      dryRun: options.dryRun === true,
      mapping: readMapping(options.mapping ?? ''),
      idempotencyKey: options.key ?? null,
    },
    BY_CLI,
  );
  note(`${isNew ? 'import' : 'the import of this key is'} ${staged.id}: ${staged.rows.total} rows are staged`);
  if (staged.unknownColumns.length > 0) note(`these columns are ignored: ${staged.unknownColumns.join(', ')}`);
  return staged;
}

async function instanceOf(pool: pg.Pool, slug: string | undefined): Promise<InstanceId> {
  if (slug !== undefined) return (await showInstance(pool, slug)).slug;
  const [only, ...others] = await listInstances(pool);
  if (only === undefined || others.length > 0) {
    throw new RefusedError(
      'instance_unknown',
      'Say whose people they are: --instance <instance>. "roster instance list" names them.',
    );
  }
  return only.slug;
}

const typeOf = (file: string, format: Options['format']): FileType =>
  (format ?? (['.ndjson', '.jsonl'].includes(extname(file).toLowerCase()) ? 'ndjson' : 'csv')) === 'csv'
    ? 'text/csv'
    : 'application/x-ndjson';

async function watch(pool: pg.Pool, id: string): Promise<Import> {
  const bar = progressBar(process.stderr);
  for (;;) {
    const now = await showImport(pool, id);
    bar.show(now);
    if (now.finishedAt !== null) {
      bar.end(now);
      return now;
    }
    await delay(POLL_MS);
  }
}

/** Where rejected rows go: beside the file, and never over those of an earlier time, which somebody may be correcting. */
async function freeRejects({ id }: Import, file: string | undefined): Promise<string> {
  if (file === undefined || file === '-') return `${id}.rejects.csv`;
  const name = file.slice(0, file.length - extname(file).length);
  const isTaken = await stat(`${name}.rejects.csv`).then(
    () => true,
    () => false,
  );
  return isTaken ? `${name}.${id}.rejects.csv` : `${name}.rejects.csv`;
}

async function keepRejects(pool: pg.Pool, ended: Import, path: string): Promise<void> {
  if (ended.rows.rejected === 0) return;
  try {
    await pipeline(Readable.from(rejectsFile(pool, ended)), createWriteStream(path));
    note(`${ended.rows.rejected} rows were rejected; ${path} has them, each with its reason`);
  } catch (error) {
    // The import is done all the same.
    const why = error instanceof Error ? error.message : String(error);
    note(
      `${ended.rows.rejected} rows were rejected, and ${path} could not be written (${why}). "roster import --watch ${ended.id} --rejects <file>" writes them elsewhere`,
    );
  }
}

const show = ({ id, state, dryRun, rows, unknownColumns, rowsPerSecond }: Import, options: Options): void =>
  printOne(
    { id, state, dryRun, rows, unknownColumns, rowsPerSecond },
    {
      import: id,
      state: dryRun ? `${state} (dry run: nothing was written)` : state,
      ...rows,
      'rows a second': rowsPerSecond,
    },
    options,
  );
