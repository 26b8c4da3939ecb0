import assert from 'node:assert/strict';
import { inParallel } from '../../src/demo/in-parallel.js';
import { inventOrganisation } from '../../src/demo/organisation.js';
import { seededRandom } from '../../src/demo/random.js';

const SIZE = { people: 300, levels: 4, domain: 'x.example' };

describe('an invented organisation', () => {
  const people = inventOrganisation(seededRandom('one'), SIZE);

  it('is the same for the same seed', () => {
    assert.deepEqual(inventOrganisation(seededRandom('one'), SIZE), people);
    assert.notDeepEqual(inventOrganisation(seededRandom('two'), SIZE), people);
  });

  it('has the people asked for, no two of them with the same key', () => {
    assert.equal(people.length, 300);
    for (const key of ['externalId', 'userName', 'email'] as const) {
      assert.equal(new Set(people.map((person) => person[key].toLowerCase())).size, 300);
    }
  });

  it('refers to managers in every way, to some who are nobody, and has people without', () => {
    const count = { externalId: 0, email: 0, otherCase: 0, userName: 0, unknown: 0, none: 0 };
    for (const { manager } of people) {
      const reference = manager?.reference;
      const has = (key: 'externalId' | 'email' | 'userName') => people.some((one) => one[key] === reference);
      if (reference === undefined) count.none += 1;
      else if (has('externalId')) count.externalId += 1;
      else if (has('email')) count.email += 1;
      else if (has('userName')) count.userName += 1;
      else if (people.some(({ email }) => email.toLowerCase() === reference.toLowerCase())) count.otherCase += 1;
      else count.unknown += 1;
    }
    for (const [kind, number] of Object.entries(count)) assert.ok(number > 0, `nobody's manager is given by ${kind}`);
    assert.ok(count.externalId > 100 && count.email > 40 && count.unknown < 50);
  });

  for (const [people, levels] of [
    [1, 1],
    [12, 3],
    [5, 5],
    [1000, 4],
  ] as const) {
    it(`of ${people} in ${levels} levels has one person at the top`, () => {
      const invented = inventOrganisation(seededRandom('levels'), { people, levels, domain: 'x.example' });
      assert.equal(invented.length, people);
      assert.equal(invented[0]?.manager, undefined);
    });
  }
});

describe('work in parallel', () => {
  const pause = () => new Promise((resolve) => setImmediate(resolve));

  it('does everything once, never more at once than told', async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await inParallel(
      Array.from({ length: 50 }, (_, index) => index),
      8,
      async (item) => {
        most = Math.max(most, (running += 1));
        await pause();
        running -= 1;
        done.push(item);
      },
    );
    assert.equal(most, 8);
    assert.deepEqual(
      done.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  it('begins nothing after a failure, and fails when what was begun has ended', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = async (item: number) => {
      begun.push(item);
      await pause();
      if (item === 1) throw new Error('no');
      await pause();
      ended.push(item);
    };
    await assert.rejects(inParallel([0, 1, 2, 3, 4, 5], 3, work), /^Error: no$/);
    assert.deepEqual(
      [begun, ended],
      [
        [0, 1, 2],
        [0, 2],
      ],
    );
  });
});
