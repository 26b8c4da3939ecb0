import assert from 'node:assert/strict';
import { isApplicationSecret, isSigned, newApplicationSecret, sign } from '../../src/application/signature.js';

describe('the signature of webhooks', () => {
  // The example of the Standard Webhooks libraries.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  const body = '{"test": 2432232314}';
  const at = new Date(1_614_265_330_000);

  it('is that of Standard Webhooks', () => {
    assert.deepEqual(sign(id, body, [secret], at), {
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is good for each of two secrets, and for nothing that was changed, for another secret or too late', () => {
    const other = newApplicationSecret();
    const headers = sign(id, body, [secret, other], at);
    for (const each of [secret, other]) assert.ok(isSigned(headers, body, each, at));
    assert.ok(!isSigned(headers, `${body} `, secret, at));
    assert.ok(!isSigned({ ...headers, 'webhook-id': 'x' }, body, secret, at));
    assert.ok(!isSigned(headers, body, newApplicationSecret(), at));
    assert.ok(isSigned(headers, body, secret, new Date(at.getTime() + 299_000)));
    assert.ok(!isSigned(headers, body, secret, new Date(at.getTime() + 301_000)));
    assert.ok(!isSigned({ ...headers, 'webhook-timestamp': 'now' }, body, secret, at));
  });

  it('is made with 24 to 64 bytes in Base64 after whsec_', () => {
    const ofBytes = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
    for (const bytes of [24, 25, 32, 63, 64]) assert.ok(isApplicationSecret(ofBytes(bytes)), String(bytes));
    for (const bytes of [0, 23, 65]) assert.ok(!isApplicationSecret(ofBytes(bytes)), String(bytes));
    for (const text of ['', 'secret', ofBytes(32).slice(1), `${ofBytes(32)}!`])
      assert.ok(!isApplicationSecret(text), text);
    assert.ok(isApplicationSecret(newApplicationSecret()));
  });
});
