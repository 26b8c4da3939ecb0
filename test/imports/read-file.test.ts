import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type FileRow, type FileType, readFile } from '../../src/imports/read-file.js';
import { type RawRow, splitRows } from '../../src/imports/split-rows.js';

/** Reads a file that comes in pieces of a few bytes. */
async function read(file: string | Buffer, type: FileType = 'text/csv', piece = 7): Promise<FileRow[]> {
  const bytes = Buffer.from(file);
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) =>
    bytes.subarray(at * piece, (at + 1) * piece),
  );
  const rows: FileRow[] = [];
  for await (const row of readFile(Readable.from(pieces), type)) rows.push(row);
  return rows;
}

const lines = async (file: string | Buffer, type?: FileType): Promise<[number, ...string[]][]> =>
  (await read(file, type)).map(({ line, cells }) => [line, ...cells]);

describe('a file of people', () => {
  const PEOPLE: [number, ...string[]][] = [
    [1, 'email', 'title'],
    [2, 'ada@x.test', 'Chief'],
    [3, 'bo@x.test', ''],
  ];
  for (const [what, file] of Object.entries({
    'lines that end with LF': 'email,title\nada@x.test,Chief\nbo@x.test,\n',
    CRLF: 'email,title\r\nada@x.test,Chief\r\nbo@x.test,\r\n',
    CR: 'email,title\rada@x.test,Chief\rbo@x.test,\r',
    'line breaks of several kinds': 'email,title\n"ada@x.test","Chief"\r\nbo@x.test,',
    'no line break at its end': 'email,title\nada@x.test,Chief\nbo@x.test,',
    'a byte order mark': '\ufeffemail,title\nada@x.test,Chief\nbo@x.test,\n',
    semicolons: 'email;title\nada@x.test;Chief\nbo@x.test;\n',
    tabs: 'email\ttitle\nada@x.test\tChief\nbo@x.test\t\n',
    quotes: '"email","title"\n"ada@x.test","Chief"\n"bo@x.test",""\n',
    'UTF-16, as a spreadsheet’s "Unicode text"': Buffer.from(
      '\ufeffemail\ttitle\r\nada@x.test\tChief\r\nbo@x.test\t\r\n',
      'utf16le',
    ),
    'UTF-16, the other way round': Buffer.from('\ufeffemail;title\nada@x.test;Chief\nbo@x.test;', 'utf16le').swap16(),
  })) {
    it(`is read with ${what}`, async () => assert.deepEqual(await lines(file), PEOPLE));
  }

  it('names the line where each row begins, whatever line breaks are in quotes and however many lines are empty', async () => {
    const file = 'email,title\r\n\r\n"ada@x.test","Chief\r\nof\nall"\r\n,\r\n\r\nbo@x.test,"Engineer, ""first"""\r\n';
    assert.deepEqual(await lines(file), [
      [1, 'email', 'title'],
      [3, 'ada@x.test', 'Chief\r\nof\nall'],
      [8, 'bo@x.test', 'Engineer, "first"'],
    ]);
  });

  it('takes rows with fewer and with more fields, and quotes in the middle, as they are', async () => {
    assert.deepEqual(await lines('email,title\nada@x.test\nbo@x.test,a,b\nci@x.test,the "big" one\n'), [
      [1, 'email', 'title'],
      [2, 'ada@x.test'],
      [3, 'bo@x.test', 'a', 'b'],
      [4, 'ci@x.test', 'the "big" one'],
    ]);
  });

  it('says where a quote is opened that is never closed; the rows before it count, and those after it', async () => {
    const rows = await read('email,title\r\nada@x.test,Chief\r\nbo@x.test,"Engi\r\nci@x.test,x\r\n');
    assert.deepEqual(rows, [
      { line: 1, cells: ['email', 'title'], delimiter: ',' },
      { line: 2, cells: ['ada@x.test', 'Chief'] },
      { line: 3, cells: ['bo@x.test', '"Engi'], fault: 'a quote is opened and never closed' },
      { line: 4, cells: ['ci@x.test', 'x'] },
    ]);
  });

  it('says where a quote is opened that only another in a later line gives away; no line is swallowed', async () => {
    const fault = 'a quote is opened and never closed';
    const file = 'email,title\nm1@x.test,"Head\r\nm2@x.test,B\nm3@x.test,"Rep, ""East"", all"\nm4@x.test,D\n';
    for (const piece of [1, 7, 10_000]) {
      assert.deepEqual((await read(file, 'text/csv', piece)).slice(1), [
        { line: 2, cells: ['m1@x.test', '"Head'], fault },
        { line: 3, cells: ['m2@x.test', 'B'] },
        { line: 4, cells: ['m3@x.test', 'Rep, "East", all'] },
        { line: 5, cells: ['m4@x.test', 'D'] },
      ]);
    }
    assert.deepEqual((await read('email,title\n"a","b\nc"d\ne@x.test,"f"\n')).slice(1), [
      { line: 2, cells: ['"a"', '"b'], fault },
      { line: 3, cells: ['c"d'] },
      { line: 4, cells: ['e@x.test', 'f'] },
    ]);
    assert.deepEqual((await read('email,title\n"a\nb","c\nd@x.test,"e"\n')).slice(1), [
      { line: 2, cells: ['"a'], fault },
      { line: 3, cells: ['b"', '"c'], fault },
      { line: 4, cells: ['d@x.test', 'e'] },
    ]);
  });

  it('says which row is longer than any of people, with what it begins with; those after it count', async () => {
    for (const cell of ['x'.repeat(100_000), `"${'x'.repeat(100_000)}"`, `"${'x\n'.repeat(50_000)}`]) {
      const rows = await read(`email,title\nada@x.test,${cell}\nbo@x.test,b\n`, 'text/csv', 10_000);
      assert.deepEqual(rows.at(-1), { line: rows.at(-1)?.line, cells: ['bo@x.test', 'b'] }, cell.slice(0, 3));
      const fault = rows.find((row) => row.fault !== undefined);
      assert.deepEqual([fault?.line, fault?.cells[0]], [2, 'ada@x.test']);
    }
  });

  it('has the cells that a reader of CSV finds, in whatever pieces it comes', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', '\n', '\r\n', '""', '",', ' '), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (body, piece) => {
        const file = `email,title\n${body}`;
        let expected: string[][];
        try {
          expected = parse(file, {
            record_delimiter: ['\r\n', '\n', '\r'],
            relax_column_count: true,
            relax_quotes: true,
            skip_empty_lines: true,
          });
        } catch {
          return; // A quote that is never closed: above.
        }
        const rows = await read(file, 'text/csv', piece);
        // One that is closed where no cell ends: above, and below.
        if (rows.some(({ fault }) => fault !== undefined)) {
          assert.ok(/"[^"]*[\r\n](?:[^"]|"")*"[^,"\r\n]/.test(file), file);
          return;
        }
        assert.deepEqual(
          rows.map(({ cells }) => cells),
          expected.filter((cells) => cells.some((cell) => cell.trim() !== '')),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is cut so that no line is lost or told twice, whatever its quotes, in whatever pieces it comes', async () => {
    const BREAK = /\r\n|\n|\r/;
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', '\r', '""', '",'), maxLength: 40 });
    const cut = async (file: string, piece: number) => {
      const pieces = Array.from({ length: Math.ceil(file.length / piece) }, (_, n) =>
        file.slice(n * piece, (n + 1) * piece),
      );
      const rows: RawRow[] = [];
      for await (const row of splitRows(Readable.from(pieces), ',')) rows.push(row);
      return rows;
    };
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (file, piece) => {
        const rows = await cut(file, piece);
        assert.deepEqual(rows, await cut(file, 1_000));
        const lines = file.split(BREAK);
        if (lines.at(-1) === '') lines.pop();
        assert.deepEqual(
          rows.flatMap((row) => row.text.split(BREAK).map((each, at) => [row.line + at, each])),
          lines.map((each, at) => [at + 1, each]),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('may say its delimiter in a first line, as spreadsheets understand it', async () => {
    assert.deepEqual(await lines('sep=;\r\nemail;title, of the person\r\nada@x.test;Chief\r\n'), [
      [2, 'email', 'title, of the person'],
      [3, 'ada@x.test', 'Chief'],
    ]);
  });

  it('that is a workbook, zipped or compressed is refused with what to do', async () => {
    await assert.rejects(read(Buffer.from('PK\u0003\u0004 and so on')), /Save it as "CSV UTF-8"/);
    await assert.rejects(read(Buffer.from([0x1f, 0x8b, 8, 0, 0])), /compressed/);
  });

  it('is refused where it is not UTF-8', async () => {
    await assert.rejects(read(Buffer.from('email\nj\xfcrgen@x.test\n', 'latin1')), /not UTF-8/);
  });

  it('holds no endless row in memory', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('email,title\nada@x.test,"');
      for (let piece = 0; piece < 4_000; piece += 1) yield Buffer.alloc(65_536, 'x');
    }
    const rows: FileRow[] = [];
    const before = process.memoryUsage.rss();
    for await (const row of readFile(Readable.from(endless()), 'text/csv')) rows.push(row);
    assert.deepEqual(
      [rows.length, rows.at(-1)?.line, rows.at(-1)?.fault],
      [2, 2, 'a quote is opened and never closed'],
    );
    assert.ok(process.memoryUsage.rss() - before < 128 * 1024 * 1024, 'of 256 MB');
  });

  it('may be a JSON object a line, each with names of its own', async () => {
    const file =
      '{"email":"ada@x.test","active":true}\n\n{"title":"Chief","email":"bo@x.test","team":null}\nnone\n[1]\n';
    assert.deepEqual(await read(file, 'application/x-ndjson'), [
      { line: 0, cells: ['email', 'active'], delimiter: ',' },
      { line: 1, cells: ['ada@x.test', 'true'] },
      { line: 0, cells: ['email', 'active', 'title', 'team'], delimiter: ',' },
      { line: 3, cells: ['bo@x.test', '', 'Chief', ''] },
      { line: 4, cells: [], fault: 'is no JSON object' },
      { line: 5, cells: [], fault: 'is no JSON object' },
    ]);
    const [, row] = await read('{"email":"ada@x.test","externalId":1234567890123456789}', 'application/x-ndjson');
    assert.match(row?.fault ?? '', /so many digits/);
  });
});
