import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../support/interleave.js';
import { startRoster, type TestRoster } from '../support/roster.js';

describe('a connection', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const open = async (): Promise<{ socket: Socket; said: () => string }> => {
    const { hostname, port } = new URL(roster.scimUrl);
    const socket = connect(Number(port), hostname);
    let said = '';
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return { socket, said: () => said };
  };

  it('on which a request never ends is answered 408 and then ended, though its client goes on sending', async function () {
    this.timeout(20_000);
    const { socket, said } = await open();
    socket.write('GET /scim/v2/Users HTTP/1.1\r\n');
    const dribble = setInterval(() => socket.write('x'), 200);
    await once(socket, 'close');
    clearInterval(dribble);
    assert.match(said(), /^HTTP\/1\.1 408 /);
  });

  it('on which a body was too large takes the next request', async () => {
    const { socket, said } = await open();
    const head = `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${roster.scimToken}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    socket.write(`${head}${chunk.repeat(60)}0\r\n\r\n`);
    await until('the body is refused', async () => said().includes('HTTP/1.1 413 '));
    socket.write(`GET /scim/v2/Users?count=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${roster.scimToken}\r\n\r\n`);
    await until('the next request is answered', async () => said().includes('HTTP/1.1 200 '));
    socket.destroy();
  });
});
