import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import {
  type ConsolePage,
  type FrontDoor,
  focused,
  passUntil,
  refusal,
  signedIn,
  startFrontDoor,
} from '../support/console.js';
import { until } from '../support/interleave.js';

const IMPORT = /\/imports\/i1$/;
const EVENTS = /\/imports\/i1\/events$/;
const LIST = /\/imports\?limit=1000$/;
const ROWS = /\/imports\/i1\/rows/;

/** An import of 100 rows of which so many are decided. */
const importOf = (created: number) => ({
  id: 'i1',
  state: created === 100 ? 'done' : 'running',
  dryRun: false,
  rows: { total: 100, pending: 100 - created, created, updated: 0, unchanged: 0, rejected: 0, cancelled: 0 },
  unknownColumns: [],
  createdAt: new Date().toISOString(),
  finishedAt: created === 100 ? new Date().toISOString() : null,
  rowsPerSecond: 5,
});

const row = (line: number) => ({
  line,
  userName: `person-${line}@acme.test`,
  userId: null,
  outcome: 'created',
  column: null,
  reason: null,
  changed: [],
  manager: null,
});

describeInBrowser('an import that is followed in the console', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  let seat: ConsolePage;
  let page: Page;
  /** How the API answers about the import, and how often it was asked. */
  let answers: { now: (route: Route) => Promise<void>; asked: number; created: number; rows: number };
  const faults: string[] = [];
  before(async () => {
    door = await startFrontDoor();
  });
  beforeEach(async () => {
    page = await openPage();
    await page.clock.install();
    seat = await signedIn(door, page, faults);
    answers = { now: (route) => route.fulfill({ json: importOf(answers.created) }), asked: 0, created: 5, rows: 2 };
    await page.route(LIST, (route) => route.fulfill({ json: { items: [importOf(0)], nextCursor: null } }));
    await page.route(IMPORT, (route) => {
      answers.asked += 1;
      return answers.now(route);
    });
    await page.route(ROWS, (route) =>
      route.fulfill({
        json: { items: Array.from({ length: answers.rows }, (_, at) => row(at + 2)), nextCursor: null },
      }),
    );
  });
  afterEach(async () => {
    await page.context().close();
    assert.deepEqual(faults.splice(0), []);
  });
  after(() => door.close());

  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) await page.clock.runFor(1_000);
  };
  const shown = (text: string) => page.getByText(text).waitFor();

  it('is found again after the API was away, for however long', async () => {
    await page.route(EVENTS, (route) => route.abort());
    await seat.go('imports/i1', 'Import');
    await shown('5 of 100 rows');
    const refused = refusal(503, 'unavailable', 'PostgreSQL is not available.');
    answers.now = (route) => route.fulfill(refused);
    await pass(120);
    await page
      .getByRole('status')
      .getByText(/^Last refreshed .*PostgreSQL is not available\.$/)
      .waitFor();
    assert.ok(answers.asked < 12, `it was asked ${answers.asked} times in two minutes`);
    answers.created = 50;
    answers.now = (route) => route.fulfill({ json: importOf(answers.created) });
    await passUntil(page, 'it is read', () => page.getByText('50 of 100 rows').isVisible());
    assert.equal(await page.getByText('Last refreshed').count(), 0);
  });

  it('is not shown under an instance that it is not of', async () => {
    await page.route(EVENTS, (route) => route.abort());
    await page.route(LIST, (route) => route.fulfill({ json: { items: [], nextCursor: null } }));
    await page.goto(`${page.url().split('#')[0]}#/${door.instance}/imports/i1`);
    await page.getByRole('alert').getByText(`${door.instance} has no import i1.`).waitFor();
    await pass(60);
    assert.equal(answers.asked, 0);
  });

  it('is asked for anew when its events fall silent', async () => {
    await page.route(EVENTS, () => Promise.resolve());
    await seat.go('imports/i1', 'Import');
    await shown('5 of 100 rows');
    answers.created = 6;
    await pass(9);
    assert.equal(answers.asked, 1);
    await passUntil(page, 'it is asked again', () => page.getByText('6 of 100 rows').isVisible());
  });

  it('keeps the filter and the focus when it ends, and lists the rows that were decided last', async () => {
    await page.route(EVENTS, (route) => route.abort());
    await seat.go('imports/i1', 'Import');
    const outcome = page.getByLabel('Outcome');
    await outcome.selectOption({ index: 2 });
    await outcome.focus();
    await until('the rows are there', async () => (await page.getByRole('row').count()) === 3);
    answers.rows = 7;
    answers.created = 100;
    await passUntil(page, 'it ends', () => page.getByText('100 of 100 rows').isVisible());
    await until('all rows are there', async () => (await page.getByRole('row').count()) === 8);
    assert.equal(await outcome.inputValue(), 'created');
    assert.ok((await focused(page)).includes('created (100)'), 'the choice has the focus still');
  });
});
