import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnavailableError } from '../../src/database/errors.js';
import { together } from '../../src/database/together.js';

/** Work whose sets end when the test says so. */
function heldWork(outcome: (item: string) => string = (item) => item.toUpperCase()) {
  const sets: { items: readonly string[]; end: (error?: Error) => void }[] = [];
  const work = (items: readonly string[]) =>
    new Promise<string[]>((resolve, reject) => {
      sets.push({ items, end: (error) => (error === undefined ? resolve(items.map(outcome)) : reject(error)) });
    });
  return { sets, work };
}

describe('callers that come at the same time', () => {
  it('go together, and each gets its own outcome', async () => {
    const { sets, work } = heldWork();
    const call = together(work, { atOnce: 1, enough: 1, most: 10 });
    const first = [call('a'), call('b')];
    await nextTurn();
    const second = [call('c'), call('d')];
    await nextTurn();
    assert.deepEqual(
      sets.map(({ items }) => items),
      [['a', 'b']],
      'who comes later waits',
    );
    sets[0]?.end();
    assert.deepEqual(await Promise.all(first), ['A', 'B']);
    await nextTurn();
    sets[1]?.end();
    assert.deepEqual(await Promise.all(second), ['C', 'D']);
  });

  it('begin a second set beside the first only once enough wait, and none is larger than allowed', async () => {
    const { sets, work } = heldWork();
    const call = together(work, { atOnce: 2, enough: 2, most: 3 });
    const calls = [call('a')];
    await nextTurn();
    calls.push(call('b'));
    await nextTurn();
    assert.equal(sets.length, 1);
    for (const item of ['c', 'd', 'e', 'f']) calls.push(call(item));
    await nextTurn();
    sets[0]?.end();
    await nextTurn();
    assert.deepEqual(
      sets.map(({ items }) => items.length),
      [1, 3, 2],
    );
    for (const set of sets) set.end();
    assert.equal((await Promise.all(calls)).join(''), 'ABCDEF');
  });

  it('fail alone where one of them is bad', async () => {
    const seen: string[][] = [];
    const call = together(
      async (items: readonly string[]) => {
        seen.push([...items]);
        if (items.includes('bad')) throw new RangeError('bad');
        return items;
      },
      { atOnce: 1, enough: 1, most: 10 },
    );
    const outcomes = await Promise.allSettled([call('a'), call('bad'), call('b')]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(seen, [['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
  });

  it('are all told at once that PostgreSQL is away, those who wait behind too', async () => {
    const { sets, work } = heldWork();
    const call = together(work, { atOnce: 1, enough: 1, most: 10 });
    const first = call('a');
    await nextTurn();
    const second = call('b');
    sets[0]?.end(new UnavailableError('unknown', undefined));
    await assert.rejects(first, { code: 'database_unavailable', outcome: 'unknown' });
    await assert.rejects(second, { code: 'database_unavailable', outcome: 'none' }, 'it was never sent');
    const third = call('c');
    await nextTurn();
    sets[1]?.end();
    assert.equal(await third, 'C');
  });
});
