import assert from 'node:assert/strict';
import { setInstance } from '../../../src/instances/instances.js';
import { rateLimiter } from '../../../src/scim/http/rate-limit.js';
import { until } from '../../support/interleave.js';
import { BY_TEST, clientOf, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance } from '../../support/steps.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

describe('the rate limit', () => {
  it('lets a burst through, and then as many as fit, telling in whole seconds when one fits again', () => {
    let now = 0;
    const assertRate = rateLimiter(() => now);
    const ask = (tokenId = 'a') => assertRate({ tokenId, rateLimit: { perSecond: 2, burst: 5 } });
    const refused = (retryAfter: string) =>
      assert.throws(() => ask(), { status: 429, headers: { 'Retry-After': retryAfter } });
    for (let n = 0; n < 5; n++) ask();
    refused('1');
    ask('b');
    now += 500;
    ask();
    refused('1');
    now += 60_000;
    for (let n = 0; n < 5; n++) ask();
    refused('1');
    for (let n = 0; n < 1_000; n++) assertRate({ tokenId: 'c', rateLimit: null });
  });

  describe('of an instance', () => {
    let roster: TestRoster;

    before(async function () {
      this.timeout(60_000);
      roster = await startRoster({ worker: false, isRateLimited: true });
    });
    after(() => roster.close());

    it('holds each of its tokens, and nobody else’s, at the limit and beyond', async () => {
      const instance = await emptyInstance(roster.pool);
      const rateLimit = { perSecond: 1, burst: 10 };
      await setInstance(roster.pool, instance, { rateLimit }, BY_TEST);
      const [one, other] = [await clientOf(roster, instance), await clientOf(roster, instance)];
      for (let n = 0; n < 10; n++) await expectStatus(200, ask(one, 'GET', '/Users?count=0'));
      const answers = await Promise.all(Array.from({ length: 3 }, () => ask(one, 'POST', '/Users', { userName: 'x' })));
      const refused = answers.find(({ status }) => status === 429);
      assert.match(refused?.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      await expectStatus(200, ask(other, 'GET', '/Users?count=0'));
      await expectStatus(200, ask(roster, 'GET', '/Users?count=0'));
      await until('a request fits again', async () => (await ask(one, 'GET', '/Users?count=0')).status === 200, 5_000);
      await setInstance(roster.pool, instance, { rateLimit: null }, BY_TEST);
      await until('the limit is lifted', async () => {
        const many = await Promise.all(Array.from({ length: 20 }, () => ask(one, 'GET', '/Users?count=0')));
        return many.every(({ status }) => status === 200);
      });
    });

    it('counts each operation of a Bulk request', async () => {
      const instance = await emptyInstance(roster.pool);
      await setInstance(roster.pool, instance, { rateLimit: { perSecond: 1, burst: 10 } }, BY_TEST);
      const client = await clientOf(roster, instance);
      const Operations = Array.from({ length: 8 }, (_, n) => ({ method: 'DELETE', path: `/Users/${n}` }));
      await expectStatus(200, ask(client, 'POST', '/Bulk', { Operations }));
      const refused = await expectStatus(429, ask(client, 'POST', '/Bulk', { Operations }));
      assert.ok(Number(refused.headers.get('retry-after')) > 3);
    });

    it('is 100 a second and 1,000 at once unless told', async () => {
      const { rows } = await roster.pool.query<{ limit: unknown }>(
        'select rate_limit as limit from instances where id = $1',
        [await emptyInstance(roster.pool)],
      );
      assert.deepEqual(rows, [{ limit: { perSecond: 100, burst: 1_000 } }]);
    });
  });
});
