import assert from 'node:assert/strict';
import { type ClientFamily, createOktaClient, type OktaClient } from '../../src/demo/okta-client.js';
import type { Exchange } from '../../src/demo/okta-connection.js';
import { seededRandom } from '../../src/demo/random.js';
import { startRoster, type TestRoster } from '../support/roster.js';

describe("the simulated Okta's group push", () => {
  let roster: TestRoster;
  let okta: OktaClient | undefined;
  let sent: Exchange[];
  before(async () => {
    roster = await startRoster({ worker: false });
  });
  afterEach(() => okta?.close());
  after(() => roster.close());

  const client = (family: ClientFamily, seed = 'groups'): OktaClient => {
    sent = [];
    okta = createOktaClient({
      url: roster.scimUrl,
      token: roster.scimToken,
      family,
      random: seededRandom(seed),
      onExchange: (exchange) => sent.push(exchange),
    });
    return okta;
  };
  /** What was asked since the last time. */
  const asked = (): string[] =>
    sent.splice(0).map(({ method, path }) => `${method} ${decodeURIComponent(path.replaceAll('+', ' '))}`);

  const play = async (family: ClientFamily) => {
    const { groups } = client(family);
    const id = await groups.push(`West ${family}`, ['one', 'two']);
    const pushed = asked();
    await groups.change(id, `West ${family}`, { remove: ['one'], add: ['three'] });
    await groups.rename(id, `East ${family}`);
    await groups.pushNow(id, `East ${family}`, []);
    await groups.pushNow(id, `East ${family}`, ['four']);
    const changed = asked();
    const imported = await groups.importGroups();
    await groups.unlink(id);
    return { id, pushed, changed, imported, left: await groups.importGroups() };
  };

  it('patches deltas with the name beside them, and Push Now, as the catalogue apps do', async () => {
    const { id, pushed, changed, imported, left } = await play('OIN');
    const path = `/Groups/${id}`;
    assert.deepEqual(pushed, [
      'GET /Groups?filter=displayName eq "West OIN"&startIndex=1&count=100',
      'POST /Groups',
      `GET ${path}`,
      `PATCH ${path}`,
    ]);
    assert.deepEqual(changed, Array(4).fill(`PATCH ${path}`));
    assert.deepEqual(
      imported.map(({ displayName, members }) => [displayName, members?.map(({ value }) => value)]),
      [['East OIN', ['four']]],
    );
    assert.deepEqual(left, []);
  });

  it('puts the whole group, as apps of the App Integration Wizard do', async () => {
    const { id, pushed, changed, imported, left } = await play('AIW');
    const path = `/Groups/${id}`;
    assert.deepEqual(pushed.slice(2), [`GET ${path}`, `PUT ${path}`]);
    assert.deepEqual(changed, [
      `GET ${path}`,
      `PUT ${path}`,
      `GET ${path}`,
      `PUT ${path}`,
      `PUT ${path}`,
      `PUT ${path}`,
    ]);
    assert.deepEqual(
      imported.map(({ displayName, members }) => [displayName, members?.map(({ value }) => value)]),
      [['East AIW', ['four']]],
    );
    assert.deepEqual(left, []);
  });

  it('links a group that is there, and sends each of the shapes that were seen', async () => {
    const { groups } = client('OIN');
    const id = await groups.push('Linked', []);
    assert.equal(await groups.push('LINKED', ['one']), id);
    sent = [];
    for (let n = 0; n < 12; n += 1) await groups.pushNow(id, 'Linked', ['one']);
    await groups.change(id, 'Linked', { remove: ['one'], add: ['two'] });
    const bodies = sent.map(({ body }) => JSON.stringify(body));
    const shapes = [
      /"Operations":\[{"op":"replace","path":"members","value":\[/,
      /"Operations":\[{"op":"replace","value":{"members":\[/,
      /"display":null/,
      /"Operations":\[{"op":"remove","path":"members\[value eq \\"one\\"]"},{"op":"add","path":"members",/,
      /{"op":"replace","value":{"id":"[^"]+","displayName":"Linked"}}]/,
    ];
    assert.deepEqual(
      shapes.filter((shape) => !bodies.some((body) => shape.test(body))),
      [],
    );
  });
});
