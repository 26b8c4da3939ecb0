import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDeliverer } from '../../src/application/deliver.js';
import { newApplicationSecret } from '../../src/application/signature.js';
import { childEnvironment } from '../../src/config.js';
import { until } from '../support/interleave.js';

describe('the receiver of docs/webhooks.md', () => {
  const secret = newApplicationSecret();
  const deliverer = createDeliverer({ allowPrivate: true });
  let folder: string;
  let receiver: ChildProcess;
  let url: string;
  let out = '';
  before(async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8');
    const code = /```js\n(.*?)```/s.exec(page)?.[1];
    assert.ok(code !== undefined);
    folder = await mkdtemp(join(tmpdir(), 'roster-receiver-'));
    const file = join(folder, 'receiver.mjs');
    await writeFile(file, code);
    receiver = spawn(process.execPath, [file], { env: childEnvironment({ WEBHOOK_SECRET: secret, PORT: '0' }) });
    receiver.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await until('it listens', () => /listening on \d+/.test(out));
    url = `http://127.0.0.1:${/listening on (\d+)/.exec(out)?.[1]}/`;
  });
  after(async () => {
    const ended = once(receiver, 'exit');
    receiver.kill();
    await ended;
    await deliverer.close();
    await rm(folder, { recursive: true });
  });

  it('takes what Roster signs, and nothing else', async () => {
    const message = { id: 'a.1', body: '{"type":"application.test","data":{"instance":"acme"}}' };
    assert.equal((await deliverer.deliver({ url, secrets: [newApplicationSecret(), secret] }, message)).status, 204);
    await until('it says so', () => out.includes(`application.test { instance: 'acme' }`));
    assert.equal((await deliverer.deliver({ url, secrets: [newApplicationSecret()] }, message)).status, 401);
    assert.equal((await fetch(url, { method: 'POST', body: message.body })).status, 401);
  });
});
