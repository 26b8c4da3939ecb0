import { parse } from 'csv-parse/sync';
import { isObject } from '../scim/protocol/scim-object.js';
import { invalidImport } from './columns.js';
import { type RawRow, splitRows } from './split-rows.js';

export const FILE_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type FileType = (typeof FILE_TYPES)[number];

/** One row as the file has it. */
export interface FileRow {
  /** The physical line where it begins, the first being 1; 0 for names of columns that stand in no line of their own. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Of the names of the columns alone: what stands between cells. */
  readonly delimiter?: string;
  /** What is wrong with it as a row. */
  readonly fault?: string;
}

/** The rows of a file, the names of its columns first; empty lines are none. */
export type FileRows = AsyncIterable<FileRow>;

/** Reads a file as it comes, whichever its type. @throws RefusedError `invalid_import` */
export const readFile = (bytes: AsyncIterable<Uint8Array>, type: FileType): FileRows =>
  type === 'text/csv' ? readCsv(textOf(bytes)) : readNdjson(textOf(bytes));

/** What a file begins with that is no text, and what to do about it. */
const NO_TEXT: readonly (readonly [readonly number[], string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'The file is a workbook, or zipped. Save it as "CSV UTF-8".'],
  [[0x1f, 0x8b], 'The file is compressed (gzip). Send it as it is without.'],
];
/** The encodings that a byte order mark tells. */
const MARKS: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

const beginning = <Value>(bytes: Uint8Array, table: readonly (readonly [readonly number[], Value])[]) =>
  table.find(([mark]) => mark.every((byte, at) => bytes[at] === byte))?.[1];

/** The text of UTF-8, or of the UTF-16 that spreadsheets write, without its byte order mark. @throws RefusedError `invalid_import` */
async function* textOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let begun = Buffer.alloc(0);
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  const decode = (chunk: Uint8Array, stream: boolean): string => {
    try {
      return (decoder ??= new TextDecoder(beginning(chunk, MARKS) ?? 'utf-8', { fatal: true })).decode(chunk, {
        stream,
      });
    } catch {
      throw invalidImport('The file is not UTF-8. Save it as "CSV UTF-8".');
    }
  };
  for await (const chunk of bytes) {
    if (decoder !== undefined) yield decode(chunk, true);
    else {
      begun = Buffer.concat([begun, chunk]);
      const wrong = beginning(begun, NO_TEXT);
      if (wrong !== undefined) throw invalidImport(wrong);
      if (begun.length >= 4) yield decode(begun, true);
    }
  }
  yield decode(decoder === undefined ? begun : new Uint8Array(), false);
}

/** How many rows are parsed at once. */
const BATCH = 100;

/** CSV as RFC 4180 has it, and as spreadsheets write it: semicolons or tabs, quoted line breaks, quotes in the middle. */
async function* readCsv(text: AsyncIterable<string>): FileRows {
  const { delimiter, isSaid, whole } = await findDelimiter(text);
  let batch: RawRow[] = [];
  let hasNames = false;
  const rows = function* (): Generator<FileRow> {
    for (const row of cellsOf(batch, delimiter)) {
      if (row.cells.every((cell) => cell.trim() === '') || (isSaid && row.line === 1)) continue;
      yield hasNames ? row : { ...row, delimiter };
      hasNames = true;
    }
    batch = [];
  };
  for await (const row of splitRows(whole, delimiter)) {
    batch.push(row);
    if (batch.length === BATCH || !hasNames) yield* rows();
  }
  yield* rows();
}

/** The cells of rows. What is at fault as a row is cut at each delimiter, so that it can be mended. */
function cellsOf(rows: readonly RawRow[], delimiter: string): FileRow[] {
  const parsed = (texts: readonly string[]): string[][] =>
    parse(texts.join('\n'), { delimiter, record_delimiter: '\n', relax_column_count: true, relax_quotes: true });
  const whole = rows.filter(({ text, fault }) => fault === undefined && text !== '');
  const all = parsed(whole.map(({ text }) => text));
  // Where the two would differ about a quote, one row has no part in another.
  const records = (all.length === whole.length ? all : whole.map(({ text }) => parsed([text])[0] ?? [])).values();
  return rows.flatMap(({ line, text, fault }): FileRow[] => {
    if (fault !== undefined) return [{ line, cells: text.split(delimiter), fault }];
    return text === '' ? [] : [{ line, cells: records.next().value ?? [] }];
  });
}

const DELIMITERS = [',', ';', '\t'];
/** Enough of a file to find the names of its columns in. */
const HEADER_CHARACTERS = 1024 * 1024;

/** The delimiter is the one that the header has most of outside quotes, or that a first line says as spreadsheets understand it (`sep=;`). */
async function findDelimiter(
  text: AsyncIterable<string>,
): Promise<{ delimiter: string; isSaid: boolean; whole: AsyncIterable<string> }> {
  const parts = text[Symbol.asyncIterator]();
  let begin = '';
  let last: IteratorResult<string> = { done: false, value: '' };
  while (last.done !== true && !/[^\r\n][\r\n]/.test(begin) && begin.length < HEADER_CHARACTERS) {
    last = await parts.next();
    if (last.done !== true) begin += last.value;
  }
  const said = /^sep=([,;\t])[\r\n]/i.exec(begin)?.[1];
  const header = (/[^\r\n]+/.exec(begin)?.[0] ?? '').replaceAll(/"[^"]*"/g, '');
  const [most = ','] = DELIMITERS.toSorted((a, b) => header.split(b).length - header.split(a).length);
  return {
    delimiter: said ?? most,
    isSaid: said !== undefined,
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

/** One JSON object a line. The names of all before come before the first of them, and again where there are new ones. */
async function* readNdjson(text: AsyncIterable<string>): FileRows {
  const names: string[] = [];
  for await (const { line, text: json, fault } of splitRows(text)) {
    if (json.trim() === '') continue;
    const value = fault === undefined ? parsed(json) : undefined;
    if (!isObject(value)) {
      yield { line, cells: [], fault: fault ?? 'is no JSON object' };
      continue;
    }
    const fresh = Object.keys(value).filter((name) => !names.includes(name));
    if (fresh.length > 0) {
      names.push(...fresh);
      yield { line: 0, cells: [...names], delimiter: ',' };
    }
    const cells = names.map((name) => cellOf(value[name]));
    // An id that is stored wrong is found by nobody.
    const isInexact = Object.values(value).some(
      (each) => typeof each === 'number' && Math.abs(each) > Number.MAX_SAFE_INTEGER,
    );
    yield isInexact ? { line, cells, fault: 'has a number of so many digits that it must be a text' } : { line, cells };
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
