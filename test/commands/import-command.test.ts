import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/command-line.js';
import { startRoster, type TestRoster } from '../support/roster.js';

describe('roster import', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let folder: string;
  before(async () => {
    roster = await startRoster();
    folder = await mkdtemp(join(tmpdir(), 'roster-import-'));
  });
  after(async () => {
    await roster.close();
    await rm(folder, { recursive: true });
  });

  const command = (...args: string[]) => runCommand(roster, ['import', ...args]);
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  it('prints a file to start from, which can be sent as it is', async () => {
    const { code, out } = await command('--template');
    assert.equal(code, 0);
    const people = await file('template.csv', out);
    const rehearsed = await command(people, '--instance', roster.instance, '--dry-run', '--json');
    assert.equal(rehearsed.code, 0, rehearsed.err);
    const { dryRun, rows } = JSON.parse(rehearsed.out);
    assert.deepEqual([dryRun, rows.created, rows.rejected], [true, 2, 0]);
    const { rows: users } = await roster.pool.query('select from users where instance_id = $1', [roster.instance]);
    assert.equal(users.length, 1, 'the coach alone');
  });

  it('waits for the end, says what became of the rows, and writes the rejected ones beside the file', async () => {
    const people = await file('people.csv', 'E-Mail;Role;Shoe size\nada@x.test;manager;40\nbo@x.test;king;41\n');
    const { code, out, err } = await command(people, '--instance', roster.instance);
    assert.equal(code, 2, err);
    assert.match(
      err,
      /2 rows are staged[\s\S]*these columns are ignored: Shoe size[\s\S]*people\.rejects\.csv has them/,
    );
    assert.match(out, /created\s+1\n[\s\S]*rejected\s+1\n/);
    const rejects = await readFile(join(folder, 'people.rejects.csv'), 'utf8');
    assert.equal(
      rejects,
      '\ufeffE-Mail;Role;Shoe size;line;column;reason\r\nbo@x.test;king;41;3;Role;is none of individual, manager, publisher, coach\r\n',
    );
    await writeFile(people, rejects.replace('king', 'publisher'));
    assert.equal((await command(people, '--instance', roster.instance, '--watch')).code, 0);
    await writeFile(people, rejects);
    const again = await command(people, '--instance', roster.instance, '--dry-run');
    assert.match(
      again.err,
      /people\.[0-9a-f-]{36}\.rejects\.csv has them/,
      'somebody may be correcting the former ones',
    );
    assert.equal(await readFile(join(folder, 'people.rejects.csv'), 'utf8'), rejects);
  });

  it('says that the import is done where its rejects can’t be written', async () => {
    const people = await file('full.csv', 'email,role\nno@x.test,king\n');
    await mkdir(join(folder, 'full'));
    const { code, err } = await command(people, '--instance', roster.instance, '--rejects', join(folder, 'full'));
    assert.equal(code, 2);
    const watch =
      /full could not be written[\s\S]*"roster import --watch (\S+) --rejects <file>" writes them elsewhere/.exec(err);
    assert.ok(watch?.[1], err);
    await command('--watch', watch[1], '--rejects', join(folder, 'elsewhere.csv'));
    assert.match(await readFile(join(folder, 'elsewhere.csv'), 'utf8'), /no@x\.test/);
  });

  it('takes standard names of files for JSON lines, and the same key for the same import', async () => {
    const people = await file('people.ndjson', '{"email":"ci@x.test"}\n');
    const once = await command(people, '--instance', roster.instance, '--key', 'k', '--json');
    const twice = await command(people, '--instance', roster.instance, '--key', 'k', '--json');
    assert.deepEqual([once.code, twice.code], [0, 0], once.err);
    assert.equal(JSON.parse(once.out).id, JSON.parse(twice.out).id);
    const watched = await command('--watch', JSON.parse(once.out).id, '--json');
    assert.deepEqual(JSON.parse(watched.out), JSON.parse(twice.out));
  });

  for (const [what, args, wrong] of [
    ['no file', [], /Name a file/],
    ['a file that is not there', ['/nowhere/people.csv', '--instance', '@'], /There is no file \/nowhere\/people\.csv/],
    ['an action without a reason', ['--cancel', '01a21550-6e04-714a-9f29-d7bb82473251'], /Say why/],
    ['an import that is not there', ['--watch', '01a21550-6e04-714a-9f29-d7bb82473251'], /There is no import/],
  ] as const) {
    it(`says in one line what to do about ${what}`, async () => {
      const { code, err } = await command(...args.map((arg) => (arg === '@' ? roster.instance : arg)));
      assert.equal(code, 1);
      assert.match(err, wrong);
      assert.equal(err.trim().split('\n').length, 1, err);
    });
  }
});
