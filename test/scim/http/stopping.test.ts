import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type RunningServer, startServer } from '../../../src/server.js';
import { createLog } from '../../../src/telemetry/log.js';
import { scim } from '../../support/http.js';
import { until, untilBlocked } from '../../support/interleave.js';
import { startRoster, type TestRoster } from '../../support/roster.js';

/** What came of one request: an answer, or how the connection failed. */
interface Outcome {
  readonly status: number;
  readonly connection: string | undefined;
  readonly id: string | undefined;
  readonly failure?: string;
}

describe('a server that is asked to stop', () => {
  let roster: TestRoster;
  let server: RunningServer;
  let url: string;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false, server: false });
  });
  beforeEach(async () => {
    server = await startServer(roster.config, createLog(roster.config, 'server'));
    url = `http://127.0.0.1:${server.port}/scim/v2`;
  });
  after(() => roster.close());

  /** Sends a request on a keep-alive connection. */
  const send = async (agent: Agent, method: string, path: string, body?: object): Promise<Outcome> => {
    const headers = { authorization: `Bearer ${roster.scimToken}`, 'content-type': 'application/scim+json' };
    try {
      const sent = request(`${url}${path}`, { agent, method, headers });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = await once(sent, 'response');
      const answer: { id?: string } = JSON.parse(await text(response));
      return { status: response.statusCode, connection: response.headers.connection, id: answer.id };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      return { status: 0, connection: undefined, id: undefined, failure: code };
    }
  };

  it('under load fails no request on a connection that it has accepted, and loses nothing it said it stored', async () => {
    let stopped = false;
    let count = 0;
    const outcomes: Outcome[][] = await Promise.all([
      ...Array.from({ length: 16 }, async (_, client) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        const mine: Outcome[] = [];
        while (mine.at(-1)?.failure === undefined) {
          const userName = `client-${client}-${mine.length}@x.test`;
          mine.push(await send(agent, 'POST', '/Users', { userName }));
          mine.push(await send(agent, 'GET', '/Users?startIndex=1&count=2'));
          count += 2;
        }
        agent.destroy();
        return mine;
      }),
      (async () => {
        await until('the load is under way', () => count >= 200);
        const began = performance.now();
        await server.stop();
        stopped = performance.now() - began < 3_000;
        return [];
      })(),
    ]);
    assert.ok(stopped, 'it does not wait for clients that would go on for ever');
    const failures = outcomes.flat().filter(({ failure }) => failure !== undefined);
    assert.deepEqual(new Set(failures.map(({ failure }) => failure)), new Set(['ECONNREFUSED']));
    assert.deepEqual(new Set(outcomes.flat().map(({ status }) => status)), new Set([200, 201, 0]));
    for (const mine of outcomes.slice(0, 16)) {
      const last = mine.findLast(({ status }) => status > 0);
      assert.equal(last?.connection, 'close', 'the last answer says that it is the last');
    }
    const created = outcomes.flat().flatMap(({ status, id }) => (status === 201 ? [id] : []));
    const { rows } = await roster.pool.query<{ id: string }>(
      `select id from users where instance_id = $1 and user_name like 'client-%'`,
      [roster.instance],
    );
    assert.equal(created.length, rows.length);
    assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set(created));
  });

  it('answers what is under way, takes no new connection, and does not wait for idle or silent ones', async () => {
    const idle = new Agent({ keepAlive: true });
    assert.equal((await send(idle, 'GET', '/Users?count=0')).status, 200);
    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');

    const { body } = await scim({ scimUrl: url, scimToken: roster.scimToken }, 'POST', '/Users', {
      userName: 'slow@x.test',
    });
    const client = await roster.pool.connect();
    await client.query('begin');
    await client.query('select 1 from users where id = $1 for update', [body?.['id']]);
    const busy = new Agent({ keepAlive: true });
    const slow = send(busy, 'PATCH', `/Users/${String(body?.['id'])}`, {
      Operations: [{ op: 'replace', value: { active: false } }],
    });
    await untilBlocked(roster);
    const began = performance.now();
    const stopping = server.stop();
    const fresh = new Agent();
    assert.equal((await send(fresh, 'GET', '/Users?count=0')).failure, 'ECONNREFUSED');
    await client.query('commit');
    client.release();
    const { status, connection } = await slow;
    assert.deepEqual([status, connection], [200, 'close']);
    await stopping;
    assert.ok(performance.now() - began < 3_000);
    for (const agent of [idle, busy, fresh]) agent.destroy();
    silent.destroy();
  });
});
