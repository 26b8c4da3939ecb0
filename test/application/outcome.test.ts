import assert from 'node:assert/strict';
import { outcomeOf } from '../../src/application/outcome.js';

describe("what an application's answer means", () => {
  for (const [status, outcome, ofSuspension] of [
    [undefined, 'retry'],
    [200, 'done'],
    [201, 'done'],
    [204, 'done'],
    [299, 'done'],
    [301, 'retry'],
    [302, 'retry'],
    [307, 'retry'],
    [400, 'refused'],
    [401, 'retry'],
    [403, 'retry'],
    [404, 'refused', 'done'],
    [407, 'retry'],
    [408, 'retry'],
    [409, 'refused'],
    [410, 'refused', 'done'],
    [422, 'refused'],
    [425, 'retry'],
    [429, 'retry'],
    [451, 'refused'],
    [500, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
    [599, 'retry'],
  ] as const) {
    it(`${status ?? 'no answer'}: ${outcome}${ofSuspension === undefined ? '' : `, of a suspension ${ofSuspension}`}`, () => {
      assert.equal(outcomeOf(status, false, true), outcome);
      assert.equal(outcomeOf(status, true, true), ofSuspension ?? outcome);
      const unproven = outcome === 'done' ? 'done' : 'retry';
      for (const isSuspension of [false, true]) assert.equal(outcomeOf(status, isSuspension, false), unproven);
    });
  }
});
