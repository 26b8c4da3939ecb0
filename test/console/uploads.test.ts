import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { type ConsolePage, type FrontDoor, signedIn, startFrontDoor } from '../support/console.js';
import { until } from '../support/interleave.js';

const UPLOAD = /\/imports\?dryRun=true$/;

describeInBrowser('a file that is uploaded in the console', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  let seat: ConsolePage;
  let page: Page;
  let folder: string;
  const faults: string[] = [];
  before(async () => {
    door = await startFrontDoor();
    folder = await mkdtemp(join(tmpdir(), 'uploads-'));
  });
  beforeEach(async () => {
    page = await openPage();
    seat = await signedIn(door, page, faults);
    await seat.go('imports', 'Imports');
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(async () => {
    await door.close();
    await rm(folder, { recursive: true });
  });

  const send = async (lines: readonly string[]): Promise<string> => {
    const file = join(folder, 'people.csv');
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByRole('button', { name: 'Try the file' }).click();
    return file;
  };
  const held = async (): Promise<Route[]> => {
    const late: Route[] = [];
    await page.route(UPLOAD, (route) => void late.push(route));
    return late;
  };
  const notice = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();

  it('is seen to be on its way, and can be cancelled', async () => {
    // Let through from the second on: an interception that ends may lose a request.
    let isHeld = true;
    await page.route(UPLOAD, (route) => (isHeld ? undefined : route.continue()));
    await send(['email', 'ada@acme.test']);
    await page.getByRole('status').getByText('“people.csv”, 1 kB, is on its way.').waitFor();
    await page.getByRole('progressbar', { name: 'Upload' }).waitFor();
    await page.getByRole('button', { name: 'Cancel the upload' }).click();
    await notice('The upload of “people.csv” is cancelled.');
    assert.equal(await page.getByRole('progressbar').count(), 0);
    isHeld = false;
    await page.getByRole('button', { name: 'Try the file' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dry run' }).waitFor();
  });

  it('takes nobody away from where they have gone meanwhile', async () => {
    const late = await held();
    await send(['email', 'bea@acme.test']);
    await until('it is on its way', () => Promise.resolve(late.length === 1));
    await seat.go('settings', 'Settings');
    await late[0]?.continue();
    await notice(`“people.csv” is uploaded: it is in Imports of ${door.instance}.`);
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  });

  it('is to be chosen again where it was corrected meanwhile', async () => {
    const file = await send(['Name', 'Ada']);
    await page
      .getByRole('alert')
      .getByText(/e-?mail/i)
      .waitFor();
    await writeFile(file, 'email\nada@acme.test\nbea@acme.test\n');
    const later = new Date(Date.now() + 60_000);
    await utimes(file, later, later);
    await page.getByRole('button', { name: 'Try the file' }).click();
    await page
      .getByRole('alert')
      .getByText('“people.csv” has changed since it was chosen, or is there no more: choose it again.')
      .waitFor();
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByRole('button', { name: 'Try the file' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dry run' }).waitFor();
  });
});
