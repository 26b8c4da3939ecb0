import assert from 'node:assert/strict';
import { moment } from '../../src/commands/moment.js';

describe('a moment on the command line', () => {
  for (const [text, means] of [
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T08:00', '2026-01-31T08:00:00.000Z'],
    ['2026-01-31T08:00:07', '2026-01-31T08:00:07.000Z'],
    ['2026-01-31T08:00:07.25Z', '2026-01-31T08:00:07.250Z'],
    ['2026-01-31T08:00+02:00', '2026-01-31T06:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ] as const) {
    it(`${text} is ${means}, whatever zone it is here`, () => assert.equal(moment(text).toISOString(), means));
  }

  for (const text of [
    '5',
    '2026',
    '2026-01',
    '2026-1-31',
    '2026-02-30',
    '2025-02-29T08:00Z',
    '2026-01-31 08:00',
    '1 May 2026',
    '2026-01-31T25:00',
    '2026-01-31T08:00+99:00',
    'yesterday',
    '',
  ]) {
    it(`"${text}" is none`, () => assert.throws(() => moment(text), /A date as 2026-01-31/));
  }
});
