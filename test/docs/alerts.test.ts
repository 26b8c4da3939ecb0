import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REASONS } from '../../src/directory/progress-list.js';
import { alertRules } from '../support/alert-rules.js';
import { metricOf } from '../support/prometheus.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** Where the headings of a page can be linked to, as GitHub makes them. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describe('docs/alerts.yml', () => {
  it('has a section of docs/operations.md for each alert, and for each reason code', async () => {
    const anchors = anchorsOf(await readFile(join(ROOT, 'docs', 'operations.md'), 'utf8'));
    for (const { alert, annotations } of await alertRules()) {
      assert.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`);
      assert.ok(anchors.includes(alert.toLowerCase()), alert);
    }
    for (const reason of REASONS) assert.ok(anchors.includes(reason), reason);
  });

  it('names each alert once, and a simple expression for each', async () => {
    const rules = await alertRules();
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { expr } of rules) assert.match(metricOf(expr), /^(roster|temporal)_/);
  });
});
