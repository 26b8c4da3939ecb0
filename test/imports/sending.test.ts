import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { beginImport as begin, type DueImport } from '../../src/directory/imports.js';
import {
  askImports,
  beginImport,
  countsOf,
  HEADER,
  importEnded,
  importFile,
  importRows,
  rejectsOf,
  sendFile,
} from '../support/imports.js';
import { until } from '../support/interleave.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

const NDJSON = { type: 'application/x-ndjson' };

describe('sending a file of people', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster();
    await settled(roster);
  });
  after(() => roster.close());

  const refused = async (answer: Response): Promise<[number, string]> => {
    const { code } = (await answer.json()) as { code: string };
    return [answer.status, code];
  };
  const imports = async (): Promise<DueImport[]> =>
    (await roster.pool.query<DueImport>('select id from imports where instance_id = $1', [roster.instance])).rows;

  it('with the same Idempotency-Key is the same import, and refused where something else is asked for', async () => {
    const file = [HEADER, 'twice@x.test,Tw,Ice,,'];
    const first = await beginImport(roster, file, { key: 'monday' });
    assert.equal(await beginImport(roster, file, { key: 'monday' }), first);
    assert.deepEqual(countsOf(await importEnded(roster, first)), { total: 1, created: 1 });
    assert.deepEqual(await refused(await sendFile(roster, file, { key: 'monday', query: '?dryRun=true' })), [
      422,
      'idempotency_key_reused',
    ]);
    const other = [HEADER, 'other@x.test,Ot,Her,,'];
    assert.deepEqual(await refused(await sendFile(roster, other, { key: 'monday' })), [422, 'idempotency_key_reused']);
    assert.deepEqual(await refused(await sendFile(roster, file, { key: 'k'.repeat(256) })), [400, 'invalid_import']);
  });

  it('that another request is sending is refused; once nobody has sent for a minute its key is free', async () => {
    const asked = '{"type":"text/csv","dryRun":false,"mapping":[]}';
    const { id } = await begin(roster.pool, roster.instance, { dryRun: false, idempotencyKey: 'dead', asked }, BY_TEST);
    const file = [HEADER, 'after@x.test,Af,Ter,,'];
    assert.deepEqual(await refused(await sendFile(roster, file, { key: 'dead' })), [409, 'import_staging']);
    await roster.pool.query(`update imports set due = now() - interval '1 second' where id = $1`, [id]);
    await until('it is taken back', async () => !(await imports()).some((each) => each.id === id));
    assert.deepEqual(countsOf(await importFile(roster, file, { key: 'dead' })), { total: 1, created: 1 });
  });

  it('that is refused before its end is read to its end, or a browser would show no answer', async () => {
    const before = (await imports()).length;
    const { hostname, port, pathname } = new URL(`${roster.adminUrl}/instances/${roster.instance}/imports`);
    const body = `name,title\n${'somebody,of no e-mail\n'.repeat(1_000_000)}`;
    const socket = connect(Number(port), hostname);
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    socket.write(
      [
        `POST ${pathname} HTTP/1.1`,
        `Host: ${hostname}`,
        `Authorization: Bearer ${roster.adminToken}`,
        'Content-Type: text/csv',
        `Content-Length: ${body.length}`,
        '\r\n',
      ].join('\r\n'),
    );
    await new Promise((resolve) => socket.write(body, resolve));
    assert.match((await answered).toString(), /^HTTP\/1\.1 400 /);
    socket.destroy();
    assert.equal((await imports()).length, before);
  });

  it('answers what the client did wrong with what it did', async () => {
    for (const [lines, options, wrong] of [
      [['{"email\\u0000":"a@x.test"}'], NDJSON, 'invalid_import'],
      [['email'], { type: 'text/csv; charset=iso-8859-1' }, 'unsupported_media_type'],
      [['{"email":"a@x.test"}'], { ...NDJSON, query: '?mapping=Boss:manager' }, 'invalid_import'],
    ] as const) {
      assert.equal((await refused(await sendFile(roster, lines, options)))[1], wrong);
    }
    const { id } = await importFile(roster, ['email']);
    assert.equal((await askImports(roster, 'GET', `/imports/${id}/rows?cursor=99999999999`)).status, 400);
  });

  it('of JSON objects may begin with a line that is none, and name what is mapped later', async () => {
    const ended = await importFile(
      roster,
      ['garbage', '{"E mail":"j1@x.test"}', '{"E mail":"j2@x.test","the_boss":"j1@x.test"}', '{"E mail":'],
      { ...NDJSON, query: '?mapping=e-mail:email,The%20Boss:manager' },
    );
    assert.deepEqual(countsOf(ended), { total: 4, created: 2, rejected: 2 });
    assert.deepEqual(
      (await importRows(roster, ended.id)).map(({ line, reason, manager }) => [line, reason, manager?.userName]),
      [
        [1, 'is no JSON object', undefined],
        [2, null, 'coach@roster.test'],
        [3, null, 'j1@x.test'],
        [4, 'is no JSON object', undefined],
      ],
    );
  });

  it('gives its rejects back as it was written, and says to a spreadsheet that they are UTF-8', async () => {
    const { id } = await importFile(roster, ['email;title;role', 'müller@x.test;Köchin;king']);
    const bytes = Buffer.from(await (await askImports(roster, 'GET', `/imports/${id}/rejects`)).arrayBuffer());
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const [header, row] = await rejectsOf(roster, id);
    assert.equal(header, 'email;title;role;line;column;reason');
    assert.equal(row, 'müller@x.test;Köchin;king;2;role;is none of individual, manager, publisher, coach');
  });
});
