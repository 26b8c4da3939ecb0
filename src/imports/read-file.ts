import type { Readable, Transform } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import split2 from 'split2';
import { isObject } from '../scim/protocol/scim-object.js';
import { invalidImport } from './columns.js';

export const FILE_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type FileType = (typeof FILE_TYPES)[number];

/** One row as the file has it. */
export interface FileRow {
  /** The physical line where it begins, the first being 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** What is wrong with it as a row. */
  readonly fault?: string;
}

/** The rows of a file, the header first; empty lines are none. */
export type FileRows = AsyncIterable<FileRow>;

/** More than any row of people needs; a quote that is never closed would hold the whole file in memory. */
const MAX_ROW_CHARACTERS = 1024 * 1024;

/** Reads a file as it comes, whichever its type. @throws RefusedError `invalid_import` */
export const readFile = (bytes: Readable, type: FileType): FileRows =>
  type === 'text/csv' ? readCsv(textOf(bytes)) : readNdjson(textOf(bytes));

/** The text of UTF-8, or of the UTF-16 that spreadsheets write, without its byte order mark. */
async function* textOf(bytes: Readable): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  const decode = (chunk: Uint8Array, stream: boolean): string => {
    try {
      return (decoder ??= new TextDecoder(chunk[0] === 0xff && chunk[1] === 0xfe ? 'utf-16le' : 'utf-8', {
        fatal: true,
      })).decode(chunk, { stream });
    } catch {
      throw invalidImport('The file is not UTF-8. Save it as "CSV UTF-8".');
    }
  };
  for await (const chunk of bytes) if (chunk.length > 0) yield decode(chunk, true);
  yield decode(new Uint8Array(), false);
}

/** CSV as RFC 4180 has it, and as spreadsheets write it: semicolons or tabs, quoted line breaks, quotes in the middle. */
async function* readCsv(text: AsyncIterable<string>): FileRows {
  const { delimiter, whole } = await findDelimiter(text);
  let broken: CsvError | undefined;
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_CHARACTERS,
  });
  parser.on('skip', (error: CsvError | undefined) => (broken ??= error));
  const feeding = feed(whole, parser);
  let end = 0;
  let empty = 0;
  try {
    for await (const parsed of parser) {
      const { record, info }: { record: string[]; info: Info } = parsed;
      const line = end + 1 + info.empty_lines - empty;
      empty = info.empty_lines;
      end = line + record.reduce((breaks, cell) => breaks + breaksIn(cell), 0);
      if (record.some((cell) => cell.trim() !== '')) yield { line, cells: record };
    }
    await feeding;
  } catch (error) {
    // What feeds the parser failed: the client went away, or the text is none.
    await feeding;
    throw isTooLong(error)
      ? invalidImport(`The row at line ${end + 1} is longer than ${MAX_ROW_CHARACTERS} characters.`)
      : error;
  } finally {
    parser.destroy();
  }
  if (broken !== undefined) yield { line: end + 1, cells: [], fault: 'a quote is opened and never closed' };
}

const isTooLong = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'CSV_MAX_RECORD_SIZE';

/** Hands text on as fast as the parser takes it. */
async function feed(text: AsyncIterable<string>, parser: ReturnType<typeof parse>): Promise<void> {
  try {
    for await (const part of text) {
      if (!parser.write(part)) await drained(parser);
      if (parser.destroyed) return;
    }
    parser.end();
  } catch (error) {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** Waits until more can be written, or never again. */
function drained(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/** Line breaks within a cell; csv-parse's own count of lines takes CRLF in quotes for two. */
const breaksIn = (cell: string): number =>
  cell.includes('\n') || cell.includes('\r') ? (cell.match(/\r\n|\n|\r/g)?.length ?? 0) : 0;

const DELIMITERS = [',', ';', '\t'];

/** The delimiter is the one that the header has most of outside quotes. */
async function findDelimiter(
  text: AsyncIterable<string>,
): Promise<{ delimiter: string; whole: AsyncIterable<string> }> {
  const parts = text[Symbol.asyncIterator]();
  let begin = '';
  let last: IteratorResult<string> = { done: false, value: '' };
  while (last.done !== true && !/[^\r\n][\r\n]/.test(begin) && begin.length < MAX_ROW_CHARACTERS) {
    last = await parts.next();
    if (last.done !== true) begin += last.value;
  }
  const header = (/[^\r\n]+/.exec(begin)?.[0] ?? '').replaceAll(/"[^"]*"/g, '');
  const [delimiter = ','] = DELIMITERS.toSorted((a, b) => header.split(b).length - header.split(a).length);
  return {
    delimiter,
    whole: (async function* () {
      yield begin;
      for (;;) {
        const part = await parts.next();
        if (part.done === true) return;
        yield part.value;
      }
    })(),
  };
}

/** One JSON object a line. The first row is the header, made of the names of all before; it comes again where there are new ones. */
async function* readNdjson(text: AsyncIterable<string>): FileRows {
  const names: string[] = [];
  const lines = split2({ maxLength: MAX_ROW_CHARACTERS });
  const feeding = feedLines(text, lines);
  let line = 0;
  try {
    for await (const json of lines) {
      line += 1;
      if (typeof json !== 'string' || json.trim() === '') continue;
      const value = parsed(json);
      if (!isObject(value)) {
        yield { line, cells: [], fault: 'is no JSON object' };
        continue;
      }
      const fresh = Object.keys(value).filter((name) => !names.includes(name));
      if (fresh.length > 0) {
        names.push(...fresh);
        yield { line: 0, cells: [...names] };
      }
      yield { line, cells: names.map((name) => cellOf(value[name])) };
    }
    await feeding;
  } catch (error) {
    await feeding;
    throw error instanceof Error && error.message === 'maximum buffer reached'
      ? invalidImport(`Line ${line + 1} is longer than ${MAX_ROW_CHARACTERS} characters.`)
      : error;
  } finally {
    lines.destroy();
  }
}

async function feedLines(text: AsyncIterable<string>, lines: ReturnType<typeof split2>): Promise<void> {
  try {
    for await (const part of text) {
      if (!lines.write(part)) await drained(lines);
      if (lines.destroyed) return;
    }
    lines.end();
  } catch (error) {
    lines.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const cellOf = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
