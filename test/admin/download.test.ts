import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { BrokenOffError, begun } from '../../src/admin/download.js';

describe('a download', () => {
  let closed = 0;
  async function* parts(count: number, fault?: Error): AsyncGenerator<string> {
    try {
      for (let part = 1; part <= count; part++) yield `${part};`;
      if (fault !== undefined) throw fault;
    } finally {
      closed += 1;
    }
  }
  beforeEach(() => {
    closed = 0;
  });

  it('is what it is made of, to the end', async () => {
    for (const [count, whole] of [
      [0, ''],
      [1, '1;'],
      [3, '1;2;3;'],
    ] as const) {
      assert.equal(await text(await begun(parts(count))), whole);
    }
    assert.equal(closed, 3);
  });

  it('that fails before its beginning is an error like any other', async () => {
    const fault = new Error('PostgreSQL is away');
    await assert.rejects(begun(parts(0, fault)), fault);
  });

  it('that fails later breaks off, and the error says why', async () => {
    const fault = new Error('PostgreSQL is away');
    const body = await begun(parts(2, fault));
    await assert.rejects(text(body), (error: unknown) => error instanceof BrokenOffError && error.cause === fault);
  });

  it('whose client goes away asks for no more', async () => {
    const body = await begun(parts(1_000));
    for await (const _part of body) break;
    assert.equal(closed, 1);
  });
});
