import assert from 'node:assert/strict';
import { createDeliverer, type Deliverer } from '../../src/application/deliver.js';
import { isPrivateAddress } from '../../src/application/private-addresses.js';
import { isSigned, newApplicationSecret } from '../../src/application/signature.js';
import { type FakeApplication, startFakeApplication, webhookHeaders } from '../support/fake-application.js';

describe('telling an application', () => {
  let application: FakeApplication;
  let deliverer: Deliverer;
  const secret = newApplicationSecret();
  const message = { id: 'a.1', body: '{"type":"account.created"}' };
  beforeEach(async () => {
    application = await startFakeApplication();
    deliverer = createDeliverer({ allowPrivate: true, timeoutMs: 300 });
  });
  afterEach(async () => {
    await deliverer.close();
    await application.close();
  });

  const deliver = (url: string = application.url) => deliverer.deliver({ url, secrets: [secret] }, message);

  it('is one POST, signed, whose answer is told with its words', async () => {
    application.answer = (response) => response.writeHead(422).end(' No seat left. ');
    assert.deepEqual(await deliver(), { status: 422, retryAfter: undefined, words: 'No seat left.' });
    const [told] = application.told;
    assert.equal(told?.body, message.body);
    assert.ok(isSigned(webhookHeaders(told.headers), told.body, secret, new Date()));
    assert.equal(application.told.length, 1);
  });

  it('waits for no other call: a hundred that hang hold up none, of the same host either', async () => {
    application.answer = (response, { body }) => {
      if (body !== 'hang') response.writeHead(204).end();
    };
    const hanging = Array.from({ length: 100 }, () =>
      deliverer.deliver({ url: application.url, secrets: [secret] }, { id: 'b.1', body: 'hang' }),
    );
    const first = await Promise.race([deliver(), ...hanging]);
    assert.equal(first.status, 204);
    await Promise.all(hanging);
  });

  for (const [header, seconds] of [
    ['7', 7],
    ['soon', undefined],
    ['a date', 60],
  ] as const) {
    it(`Retry-After: ${header}`, async () => {
      const said = header === 'a date' ? new Date(Date.now() + 60_000).toUTCString() : header;
      application.answer = (response) => response.writeHead(429, { 'retry-after': said }).end();
      const { retryAfter } = await deliver();
      if (seconds === undefined) assert.equal(retryAfter, undefined);
      else assert.ok(Math.abs((retryAfter ?? 0) - seconds) <= 1);
    });
  }

  it('follows no redirect', async () => {
    application.answer = (response) => response.writeHead(307, { location: application.url }).end();
    assert.equal((await deliver()).status, 307);
    assert.equal(application.told.length, 1);
  });

  it('does not wait for who hangs, before the answer or in it, nor for who resets', async () => {
    const began = performance.now();
    application.answer = () => undefined;
    assert.deepEqual(await deliver(), {
      status: undefined,
      retryAfter: undefined,
      words: 'It did not answer in time.',
    });
    application.answer = (response) => response.writeHead(200).write('half');
    assert.equal((await deliver()).status, undefined);
    application.answer = (response) => response.socket?.resetAndDestroy();
    assert.equal((await deliver()).status, undefined);
    assert.ok(performance.now() - began < 3_000);
  });

  it('reads 64 KiB of an answer and no more', async () => {
    application.answer = (response) => {
      response.writeHead(200);
      response.write('a'.repeat(100_000));
    };
    const { status, words } = await deliver();
    assert.deepEqual([status, words.length], [200, 1_000]);
  });

  it('tells words that can be stored, and that no terminal obeys', async () => {
    application.answer = (response) => response.writeHead(422).end('\0\u001b[2JNo\r\nseat \u009b1m\u007f');
    assert.equal((await deliver()).words, '\ufffd\ufffd[2JNo seat \ufffd1m\ufffd');
    application.answer = (response) => response.writeHead(422).end(`${'a'.repeat(999)}😀`);
    assert.equal((await deliver()).words, `${'a'.repeat(999)}\ufffd`);
  });

  it('says why nobody answers', async () => {
    await application.close();
    const { status, words } = await deliver();
    assert.equal(status, undefined);
    assert.match(words, /ECONNREFUSED/);
    application = await startFakeApplication();
  });

  describe('in a private network, or by http, is refused when connecting', () => {
    beforeEach(async () => {
      await deliverer.close();
      deliverer = createDeliverer({ allowPrivate: false });
    });

    it('http', async () => {
      const { status, words } = await deliver('http://app.invalid:81/');
      assert.deepEqual([status, words], [undefined, 'Roster calls app.invalid:81 by https alone.']);
    });

    for (const host of [
      '127.0.0.1',
      '0x7f.1',
      '2130706433',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '10.1.2.3',
      '169.254.169.254',
    ]) {
      it(host, async () => {
        const { port } = new URL(application.url);
        const { status, words } = await deliver(`https://${host}:${port}/`);
        assert.equal(status, undefined);
        assert.match(words, /private network/);
        assert.equal(application.told.length, 0);
      });
    }
  });

  it('knows which addresses are private', () => {
    for (const address of [
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      'fd00::1',
      'fe80::1',
      '::',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'fec0::1',
      '::ffff:0:8.8.8.8',
      '::8.8.8.8',
      '::ffff:10.0.0.1',
      '0:0:0:0:0:ffff:7f00:1',
      '64:ff9b:1::1',
      '100::1',
      '2001:0:7f00:1::',
      '2001:db8::1',
      'ff02::1',
      '4000::1',
      'nowhere',
    ]) {
      assert.ok(isPrivateAddress(address), address);
    }
    for (const address of [
      '8.8.8.8',
      '172.32.0.1',
      '100.128.0.1',
      '93.184.216.34',
      '2606:4700::1111',
      '::ffff:8.8.8.8',
      '2a00:1450:4001::1',
      '3fff::1',
    ]) {
      assert.ok(!isPrivateAddress(address), address);
    }
  });
});
