import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problemOf, REFUSAL_STATUS } from '../../src/admin/problem.js';
import { UnavailableError } from '../../src/database/errors.js';
import { REASONS } from '../../src/directory/progress-list.js';
import { errorKinds, ScimError, type ScimErrorCode } from '../../src/scim/protocol/errors.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** What the code can say: each code with the cells of its row, as far as the code decides them. */
async function codesInCode(): Promise<Map<string, string[]>> {
  const codes = new Map<string, string[]>();
  for (const [code, kind] of Object.entries(errorKinds)) {
    codes.set(code, [String(kind.status), 'scimType' in kind ? kind.scimType : '']);
    // What the admin API makes of it, where that has a name of its own.
    const problem = problemOf(new ScimError(code as ScimErrorCode, ''), '');
    if (problem.code !== code) codes.set(problem.code, [String(problem.status)]);
  }
  for (const [code, status] of Object.entries(REFUSAL_STATUS)) codes.set(code, [String(status)]);
  for (const error of [new UnavailableError('none', undefined), new Error('unknown')]) {
    const problem = problemOf(error, '');
    codes.set(problem.code, [String(problem.status)]);
  }
  for (const source of await sourcesIn('src/admin')) {
    for (const [, status, code] of source.matchAll(/new ProblemError\(\s*(\d{3}),\s*'(\w+)'/g)) {
      if (status !== undefined && code !== undefined) codes.set(code, [status]);
    }
  }
  for (const reason of REASONS) codes.set(reason, []);
  return codes;
}

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(ROOT, folder));
  return Promise.all(
    names.filter((name) => name.endsWith('.ts')).map((name) => readFile(join(ROOT, folder, name), 'utf8')),
  );
}

/** The rows of the tables whose first cell is a code: the code, and the cells after it. */
async function codesInDocs(): Promise<[string, string[]][]> {
  const text = await readFile(join(ROOT, 'docs', 'errors.md'), 'utf8');
  return text.split('\n').flatMap((line): [string, string[]][] => {
    const [, first = '', ...cells] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    return /^\| `\w+` \|/.test(line) ? [[first, cells]] : [];
  });
}

describe('docs/errors.md', () => {
  it('has a row for each code that there is, once, and for no other', async () => {
    const documented = (await codesInDocs()).map(([code]) => code).toSorted();
    assert.deepEqual(documented, [...(await codesInCode()).keys()].toSorted());
  });

  it('says the status and the scimType that are sent', async () => {
    const codes = await codesInCode();
    for (const [code, cells] of await codesInDocs()) {
      const sent = codes.get(code) ?? [];
      assert.deepEqual([code, ...cells.slice(0, sent.length)], [code, ...sent]);
    }
  });
});
