import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assertDepth, MAX_BODY_DEPTH, parseScimBody } from '../../../src/scim/protocol/scim-body.js';

const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

describe('the depth of a body', () => {
  it('is 32 at most, the root being 1', () => {
    assert.ok(parseScimBody(nested(31)));
    assert.ok(parseScimBody(nested(32)));
    assert.throws(() => parseScimBody(nested(33)), { status: 400, scimType: 'invalidSyntax' });
  });

  it('is found before anything is parsed', () => {
    const begin = performance.now();
    for (const open of ['[', '{"a":', '{"a":[']) {
      assert.throws(() => parseScimBody(open.repeat(100_000)), { scimType: 'invalidSyntax' });
    }
    assert.ok(performance.now() - begin < 50);
  });

  it('does not count what is in strings', () => {
    const text = '[{"\\"\\\\'.repeat(50);
    assert.deepEqual(parseScimBody(JSON.stringify({ [text]: text })), { [text]: text });
    assert.throws(() => assertDepth(`"\\\\"${'['.repeat(33)}`, MAX_BODY_DEPTH), { scimType: 'invalidSyntax' });
  });

  it('counts as a parser does', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.doesNotThrow(() => assertDepth(text, depthOf(value)));
        if (depthOf(value) > 0) assert.throws(() => assertDepth(text, depthOf(value) - 1));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a body', () => {
  for (const text of ['', ' ', 'null', '5', '"x"', '[]', '[{}]', '{', '{}}', '{"a":1,}', "{'a':1}", 'undefined']) {
    it(`${text || '(nothing)'} is refused`, () => {
      assert.throws(() => parseScimBody(text), { status: 400, scimType: 'invalidSyntax' });
    });
  }
});
