import assert from 'node:assert/strict';
import { parseListQuery } from '../../../src/scim/protocol/list-query.js';
import { resourceTypes } from '../../../src/scim/protocol/schema.js';

const parse = (query: Record<string, string | string[]>) => parseListQuery(query, resourceTypes.User);

describe('the query of a list', () => {
  it('is the first page of everything if it says nothing', () => {
    const { filter, startIndex, count, projection } = parse({});
    assert.deepEqual([filter, startIndex, count, projection.mode], [null, 1, 100, 'default']);
  });

  for (const [text, expected] of [
    ['1', 1],
    ['0', 1],
    ['-5', 1],
    ['201', 201],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
  ] as const) {
    it(`startIndex ${text} is ${expected}`, () => assert.equal(parse({ startIndex: text }).startIndex, expected));
  }

  for (const [text, expected] of [
    ['2', 2],
    ['0', 0],
    ['-1', 0],
    ['199', 199],
    ['200', 200],
    ['201', 200],
    ['99999999999999999999', 200],
  ] as const) {
    it(`count ${text} is ${expected}`, () => assert.equal(parse({ count: text }).count, expected));
  }

  for (const text of ['', ' ', 'a', '1.5', '1e2', '0x10', ' 1', '1,2', 'Infinity']) {
    for (const name of ['startIndex', 'count']) {
      it(`${name} "${text}" is refused`, () => {
        assert.throws(() => parse({ [name]: text }), { status: 400, scimType: 'invalidValue' });
      });
    }
  }

  for (const name of ['filter', 'startIndex', 'count', 'attributes', 'excludedAttributes']) {
    it(`${name} given twice is refused`, () => {
      assert.throws(() => parse({ [name]: ['1', '1'] }), { status: 400, scimType: 'invalidValue' });
    });
  }

  it('has a filter, checked', () => {
    assert.equal(parse({ filter: 'userName eq "a"' }).filter?.kind, 'compare');
    assert.throws(() => parse({ filter: '' }), { scimType: 'invalidFilter' });
    assert.throws(() => parse({ filter: 'nothing pr' }), { scimType: 'invalidFilter' });
  });

  it('may say things nobody knows', () => assert.ok(parse({ colour: 'x', constructor: ['a', 'b'] })));
});
