import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { csvLines } from '../../src/csv.js';
import { assertNamesPeople, mapColumns, readMapping } from '../../src/imports/columns.js';
import { unguardFormula } from '../../src/imports/formulas.js';
import { readFile } from '../../src/imports/read-file.js';

const said = (names: string[], mapping = ''): unknown[] => {
  const { attributes, unknown } = mapColumns(names, readMapping(mapping));
  return [...attributes, unknown];
};

describe('the columns of a file', () => {
  it('are known whatever their case, spaces, hyphens and underscores', () => {
    assert.deepEqual(
      said(['E-Mail', 'FIRST NAME', 'last_name', 'Display Name', 'externalID', 'Manager Email', 'Active']),
      ['email', 'givenName', 'familyName', 'displayName', 'externalId', 'manager', 'active', []],
    );
  });

  it('that are unknown are reported; those of a rejects file are not', () => {
    assert.deepEqual(said(['email', 'Cost centre', 'line', 'column', 'reason']), [
      'email',
      undefined,
      undefined,
      undefined,
      undefined,
      ['Cost centre'],
    ]);
  });

  it('are a thousand at the most: more are data', () => {
    const names = Array.from({ length: 1_001 }, (_, n) => `column ${n}`);
    assert.throws(() => mapColumns(names, new Map()), /more than 1000 columns/);
  });

  it('of which two say the same: the first counts', () => {
    assert.deepEqual(said(['email', 'manager', 'team']), ['email', 'manager', undefined, ['team']]);
  });

  it('are mapped by name, which counts more than what they are called', () => {
    assert.deepEqual(said(['Work mail', 'email', 'Boss'], 'Work mail:email, boss:Manager'), [
      'email',
      undefined,
      'manager',
      ['email'],
    ]);
  });

  for (const [mapping, wrong] of [
    ['Boss', /"Boss" is not <column>:<attribute>/],
    ['Boss:salary', /"Boss:salary"/],
    ['Chief:manager', /columns that the file does not have: Chief/],
  ] as const) {
    it(`the mapping ${mapping} is refused with what is wrong`, () => {
      assert.throws(() => said(['email', 'Boss'], mapping), wrong);
    });
  }

  it('without the e-mail name nobody: refused, with the columns that there are', () => {
    assert.throws(() => assertNamesPeople(mapColumns(['name', 'title'], new Map())), /The columns are: name, title/);
  });
});

describe('a cell with a line break of whatever kind', () => {
  it('comes back from a rejects file as it was, and none of its lines is run', async () => {
    const rows = [
      ['email', 'Job\ntitle'],
      ['ada@x.test', 'Head\nof\rall\r\n"of" them'],
      ['bo@x.test', 'Sales\n=1+1'],
      ['=1\n+2', 'x'],
    ];
    for (const delimiter of [',', ';']) {
      const read: string[][] = [];
      for await (const { cells } of readFile(Readable.from([Buffer.from(csvLines(rows, delimiter))]), 'text/csv'))
        read.push(cells.map(unguardFormula));
      assert.deepEqual(read, rows);
    }
  });
});

describe('a cell that a spreadsheet would run', () => {
  it('comes back from a rejects file as it was', () => {
    for (const cell of ['=1+1', '+49 30 123', '-', '@home', '\tx', "'quoted", 'plain', '＝x']) {
      const written = csvLines([[cell]], ',').replace(/\r\n$/, '');
      const read = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
      assert.ok(!/^[=+\-@\t＝]/.test(read), read);
      assert.equal(unguardFormula(read), cell);
    }
  });
});
