import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describeInBrowser, screenshot } from '../support/browser.js';
import { type ConsolePage, confirm, signedIn } from '../support/console.js';
import { until } from '../support/interleave.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

const FILE = [
  'E-mail,First name,Last name,Title,Boss,Role,Cost centre',
  'ada@acme.test,Ada,Lane,Head of Sales,,publisher,7',
  'cora@acme.test,Cora,Diaz,Account Executive,ada@acme.test,,7',
  'dan@acme.test,Dan,Osei,Account Executive,ada@acme.test,boss,7',
  'ADA@acme.test,Ada,Again,,,,7',
  'jon@acme.test,Jon,Park,Analyst,gone@acme.test,,9',
];

describeInBrowser('the onboarding team in the console', function (openPage) {
  this.timeout(90_000);
  let roster: TestRoster;
  let seat: ConsolePage;
  let page: Page;
  const faults: string[] = [];
  before(async () => {
    roster = await startRoster({ worker: false });
    const worker = await roster.startWorker();
    await settled(roster);
    await worker.stop();
    seat = await signedIn(roster, await openPage(), faults);
    page = seat.page;
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(() => roster.close());

  const choose = async (lines: readonly string[], mapping = ''): Promise<void> => {
    const buffer = Buffer.from(lines.map((line) => `${line}\r\n`).join(''));
    await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer });
    await page.getByLabel('Columns of other names').fill(mapping);
  };
  const untilShown = (title: string) => page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  const untilState = (state: string) => page.getByText(state, { exact: true }).waitFor();
  const figures = async (): Promise<Record<string, string>> => {
    const texts = await page.locator('.figures > div').allInnerTexts();
    return Object.fromEntries(texts.map((text) => text.split('\n')).map(([name = '', count = '']) => [name, count]));
  };
  const cells = async (): Promise<string[][]> => {
    const rows = await page
      .getByRole('row')
      .filter({ has: page.getByRole('cell') })
      .all();
    return Promise.all(rows.map((row) => row.getByRole('cell').allInnerTexts()));
  };
  const people = async () =>
    (await roster.pool.query('select 1 from users where instance_id = $1', [roster.instance])).rowCount;

  it('tries a file, with nothing written, pauses and resumes it, and reads what would be', async () => {
    await seat.go('imports', 'Imports');
    await page.getByText('Nothing was imported yet.').waitFor();
    await choose(FILE, 'Boss:manager');
    assert.ok(await page.getByLabel('Dry run').isChecked(), 'writing is chosen, not forgotten');
    await page.getByRole('button', { name: 'Try the file' }).click();
    await untilShown('Dry run');
    await untilState('running');
    await confirm(page, page.getByRole('button', { name: 'Pause' }), 'Lunch.');
    await untilState('paused');
    await confirm(page, page.getByRole('button', { name: 'Resume' }), 'Lunch is over.');
    await untilState('running');

    await roster.startWorker();
    const before = await people();
    await untilState('done');
    await until('the figures are there', async () => (await figures())['would be rejected'] === '2');
    assert.deepEqual(await figures(), {
      'would be created': '3',
      'would be updated': '0',
      'would stay': '0',
      'would be rejected': '2',
      cancelled: '0',
      pending: '0',
    });
    await page.getByText('ignored: Cost centre.').waitFor();
    await until('the rejected are listed', async () => (await cells()).length === 2);
    await page.getByLabel('Outcome').selectOption('created (3)');
    await until('who would be created is listed', async () => (await cells()).length === 3);
    assert.deepEqual(
      (await cells()).map(([line, user, , , , , manager]) => [line, user, manager]),
      [
        ['2', 'ada@acme.test', 'coach@roster.test default'],
        ['3', 'cora@acme.test', 'ada@acme.test assigned'],
        ['6', 'jon@acme.test', 'coach@roster.test default'],
      ],
    );
    await screenshot(page, 'console-dry-run');
    assert.equal(await people(), before);
  });

  it('imports the file, downloads the rejects, corrects them and imports those', async () => {
    await seat.go('imports', 'Imports');
    await choose(FILE, 'Boss:manager');
    await page.getByLabel('Dry run').uncheck();
    await page.getByRole('button', { name: 'Import the file' }).click();
    await untilShown('Import');
    await untilState('done');
    await until('two are rejected', async () => (await cells()).length === 2);
    assert.deepEqual(
      (await cells()).map(([line, , outcome, column, reason]) => [line, outcome, column, reason]),
      [
        ['4', 'rejected', 'Role', 'is none of individual, manager, publisher, coach'],
        ['5', 'rejected', 'E-mail', 'is a duplicate of line 2'],
      ],
    );
    await screenshot(page, 'console-import');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the rejects' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^rejects-.*\.csv$/);
    const [header = '', dan = ''] = (await readFile(await download.path(), 'utf8')).trimEnd().split(/\r?\n/);
    assert.equal(header, `\ufeff${FILE[0] ?? ''},line,column,reason`);

    await seat.go('imports', 'Imports');
    await choose([header, dan.replace(',boss,', ',manager,')], 'Boss:manager');
    await page.getByLabel('Dry run').uncheck();
    await page.getByRole('button', { name: 'Import the file' }).click();
    await untilShown('Import');
    await untilState('done');
    await until('he is created', async () => (await figures())['created'] === '1');
    await page.getByRole('link', { name: 'dan@acme.test' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dan Osei' }).waitFor();
    await page.getByRole('link', { name: 'ada@acme.test' }).waitFor();
    await seat.go('imports', 'Imports');
    await until('each import is listed', async () => (await cells()).length === 3);
  });

  it('is told what is wrong with a file as a whole', async () => {
    await seat.go('imports', 'Imports');
    await choose(['Name,Title', 'Ada,Boss']);
    await page.getByRole('button', { name: 'Try the file' }).click();
    await page
      .getByRole('alert')
      .getByText(/e-?mail/i)
      .waitFor();
  });
});
