import assert from 'node:assert/strict';
import { request } from 'node:http';
import { issueOperatorToken, revokeOperatorToken } from '../../src/instances/operator-tokens.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { recordHistory, temporalClient } from '../support/histories.js';
import {
  askImports,
  beginImport,
  countsOf,
  HEADER,
  importEnded,
  importFile,
  importNow,
  importRows,
  organisation,
  rejectsOf,
  sendFile,
} from '../support/imports.js';
import { until, untilBlocked } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { BY_TEST, SECRET, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('an import', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster({ managerWaitSeconds: 3_600 });
    await settled(roster);
  });
  after(() => roster.close());

  const count = async (table: string, condition = 'true'): Promise<number> => {
    const { rows } = await roster.pool.query<{ count: number }>(
      `select count(*)::integer as count from ${table} where instance_id = $1 and ${condition}`,
      [roster.instance],
    );
    return rows[0]?.count ?? 0;
  };

  it('brings people in: managers later in the file, in Okta, in no place, on a circle; each as the rules say', async () => {
    const waiter = await assign(roster, 'waiter@x.test', { manager: 'boss@x.test' });
    const okta = await assign(roster, 'okta@x.test');
    await until('waits', async () => (await accountNow(roster, waiter)).stage === 'waiting for manager');
    const ended = await importFile(roster, [
      'email,firstName,lastName,title,manager,externalId,role',
      'report@x.test,Re,Port,,boss@x.test,,',
      'boss@x.test,Bo,Oss,Boss,okta@x.test,E-1,publisher',
      'lost@x.test,Lo,St,,nobody@x.test,,',
      'ring1@x.test,Ri,Ng,,ring2@x.test,,',
      'ring2@x.test,Ri,Ng,,ring1@x.test,,',
      'by-external-id@x.test,By,Id,,E-1,,',
    ]);
    assert.deepEqual(countsOf(ended), { total: 6, created: 6 });
    const rows = await importRows(roster, ended.id);
    assert.deepEqual(
      rows.map(({ userName, manager }) => [userName, manager?.userName, manager?.origin]),
      [
        ['report@x.test', 'boss@x.test', 'assigned'],
        ['boss@x.test', 'okta@x.test', 'assigned'],
        ['lost@x.test', 'coach@roster.test', 'default'],
        ['ring1@x.test', 'coach@roster.test', 'default'],
        ['ring2@x.test', 'coach@roster.test', 'default'],
        ['by-external-id@x.test', 'boss@x.test', 'assigned'],
      ],
    );
    await settled(roster);
    const adopted = await accountNow(roster, waiter);
    assert.deepEqual([adopted.manager, adopted.stage], ['boss@x.test', 'provisioned'], 'who waited is adopted');
    assert.equal((await accountNow(roster, okta)).status, 'active');
    await recordHistory(roster, `import/${ended.id}`, 'import');
    await assertEqualsModel(roster.pool, roster.instance);
  });

  it('changes what the file says and leaves what it does not; the same file again changes nothing and tells nobody', async () => {
    const file = ['email,title,role', 'boss@x.test,Chief,', 'report@x.test,,manager', 'okta@x.test,,'];
    const ended = await importFile(roster, file);
    assert.deepEqual(countsOf(ended), { total: 3, updated: 2, unchanged: 1 });
    assert.deepEqual(
      (await importRows(roster, ended.id, 'updated')).map(({ userName, changed }) => [userName, changed]),
      [
        ['boss@x.test', ['title']],
        ['report@x.test', ['role']],
      ],
    );
    const before = [await count('events'), await count('kicks'), await count('users')];
    assert.deepEqual(countsOf(await importFile(roster, file)), { total: 3, unchanged: 3 });
    assert.deepEqual([await count('events'), await count('kicks'), await count('users')], before);
  });

  it('rejects row by row, with line, column and reason; the corrected rejects file can be sent again', async () => {
    const off = await assign(roster, 'off@x.test');
    await setActive(roster, off, false);
    await settled(roster);
    const ended = await importFile(
      roster,
      [
        'Work mail,Title,Role,active,Cost centre',
        'good@x.test,=Boss,,,1',
        ',No mail,,,2',
        'role@x.test,T,king,,3',
        'perhaps@x.test,T,,perhaps,4',
        'Good@X.test,Again,,,5',
        'many@x.test,T,,,6,7',
        'off@x.test,T,,yes,8',
        `long@x.test,${'x'.repeat(5_000)},,,9`,
        'Bo Kim,T,,,10',
        'open@x.test,"T,,,11',
        'last@x.test,T,,,12',
      ],
      { query: '?mapping=Work%20mail:email' },
    );
    assert.deepEqual(
      [countsOf(ended), ended.unknownColumns],
      [{ total: 11, created: 2, rejected: 9 }, ['Cost centre']],
    );
    assert.deepEqual(
      (await importRows(roster, ended.id, 'rejected')).map(({ line, column, reason }) => [line, column, reason]),
      [
        [3, 'Work mail', 'is missing'],
        [4, 'Role', 'is none of individual, manager, publisher, coach'],
        [5, 'active', 'is neither true nor false'],
        [6, 'Work mail', 'is a duplicate of line 2'],
        [7, null, 'has 6 fields where the header has 5'],
        [8, 'active', 'is inactive, and a file activates nobody'],
        [9, 'Title', 'title is longer than 4096 bytes'],
        [10, 'Work mail', 'is no e-mail'],
        [11, null, 'a quote is opened and never closed'],
      ],
    );
    assert.equal((await accountNow(roster, off)).status, 'suspended');
    const [header = '', ...rejects] = await rejectsOf(roster, ended.id);
    assert.equal(header, 'Work mail,Title,Role,active,Cost centre,line,column,reason');
    assert.equal(rejects[1], 'role@x.test,T,king,,3,4,Role,"is none of individual, manager, publisher, coach"');
    const corrected = [
      header,
      rejects[1]?.replace('king', 'manager') ?? '',
      rejects[2]?.replace('perhaps,', 'yes,') ?? '',
    ];
    const again = await importFile(roster, corrected, { query: '?mapping=Work%20mail:email' });
    assert.deepEqual([countsOf(again), again.unknownColumns], [{ total: 2, created: 2 }, ['Cost centre']]);
  });

  it('takes a JSON object a line, and switches access off', async () => {
    const lines = ['{"email":"json@x.test","active":true}', '{"userName":"good@x.test","active":false}'];
    const type = 'application/x-ndjson';
    const rehearsed = await importRows(roster, (await importFile(roster, lines, { type, query: '?dryRun=true' })).id);
    assert.deepEqual(
      rehearsed.map(({ manager }) => manager?.userName ?? null),
      ['coach@roster.test', null],
      'who is to be off is to have no manager',
    );
    const ended = await importFile(roster, lines, { type });
    assert.deepEqual(countsOf(ended), { total: 2, created: 1, updated: 1 });
    await settled(roster);
    const [gone] = (await importRows(roster, ended.id)).slice(-1);
    const account = await accountNow(roster, gone?.userId ?? '');
    assert.deepEqual([account.status, account.team, account.stage], ['suspended', null, 'deactivated']);
  });

  it('rehearsed says what it then does, and writes nothing but the report', async () => {
    const file = [
      'email,title,manager,role',
      'fresh@x.test,New,fresh-boss@x.test,',
      'fresh-boss@x.test,Boss,boss@x.test,',
      'boss@x.test,Chairman,,',
      'report@x.test,,fresh-boss@x.test,',
      'okta@x.test,,,',
      'bad@x.test,,,king',
    ];
    const tables = ['users', 'accounts', 'teams', 'events', 'kicks', 'progress'];
    const before = await Promise.all(tables.map((table) => count(table)));
    const rehearsed = await importFile(roster, file, { query: '?dryRun=true' });
    assert.equal(rehearsed.dryRun, true);
    await recordHistory(roster, `import/${rehearsed.id}`, 'import-rehearsed');
    assert.deepEqual(await Promise.all(tables.map((table) => count(table))), before);
    const { rows: stages } = await roster.pool.query(`select from instances where id like '~%'`);
    assert.equal(stages.length, 0, 'no copy of the instance stays');
    const report = await importRows(roster, rehearsed.id);
    assert.equal(report[0]?.userId, null, 'who is not there yet has no id');
    const done = await importFile(roster, file);
    assert.deepEqual(done.rows, rehearsed.rows);
    assert.deepEqual(
      (await importRows(roster, done.id)).map((row) => ({ ...row, userId: null })),
      report.map((row) => ({ ...row, userId: null, ...(row.outcome === 'unchanged' ? managerOf(row.line) : {}) })),
    );
    function managerOf(line: number) {
      return { manager: line === 6 ? { userName: 'coach@roster.test', origin: 'default' as const } : null };
    }
    await settled(roster);
    await assertEqualsModel(roster.pool, roster.instance);
  });

  it('that is no file of people is refused with what is wrong, and leaves nothing', async () => {
    const before = await count('imports');
    for (const [lines, wrong] of [
      [['name,title', 'Ada,Chief'], /No column has the e-mail/],
      [[''], /The file is empty/],
    ] as const) {
      const answer = await sendFile(roster, lines);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), wrong);
    }
    assert.equal((await sendFile(roster, ['email'], { type: 'application/json' })).status, 415);
    assert.equal(await count('imports'), before);
  });

  it('whose upload breaks off leaves nothing', async () => {
    const before = await count('imports');
    const url = new URL(`${roster.adminUrl}/instances/${roster.instance}/imports`);
    const upload = request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${roster.adminToken}`,
        'content-type': 'text/csv',
        'content-length': 1_000_000,
      },
    });
    upload.on('error', () => undefined);
    upload.write(`${HEADER}\n${organisation(3_000, 'half').join('\n')}`);
    await until('it is being staged', async () => (await count('import_rows', `user_name like 'half%'`)) > 0);
    upload.destroy();
    await until('it is gone', async () => (await count('imports')) === before);
    assert.equal(await count('import_rows', `user_name like 'half%'`), 0);
  });

  it('whose client goes away before anything is read of it leaves nothing, and the server lives on', async () => {
    const before = await count('imports');
    const holder = await roster.pool.connect();
    await holder.query('begin');
    await holder.query('lock table imports in access exclusive mode');
    const url = new URL(`${roster.adminUrl}/instances/${roster.instance}/imports`);
    const upload = request(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'text/csv', 'content-length': 1_000 },
    });
    upload.on('error', () => undefined);
    upload.write(HEADER);
    await untilBlocked(roster);
    upload.destroy();
    await new Promise((resolve) => upload.once('close', resolve));
    // Whoever is answered came after it.
    await fetch(new URL('/healthz', roster.adminUrl));
    await holder.query('commit');
    holder.release();
    await until('it is gone', async () => (await count('imports')) === before);
    assert.equal((await askImports(roster, 'GET', `/instances/${roster.instance}/imports`)).status, 200);
  });

  describe('under way', () => {
    const PEOPLE = 1_200;
    const act = (id: string, action: string) =>
      askImports(roster, 'POST', `/imports/${id}/actions`, { action, reason: 'to see' });

    /** Begins an import whose first page waits until `go` is called. */
    async function held(prefix: string): Promise<{ id: string; go: () => Promise<void> }> {
      const holder = await roster.pool.connect();
      await holder.query('begin');
      // Where the page is being written, and whoever acts on the import waits for it.
      await holder.query('lock table users in share mode');
      const id = await beginImport(roster, [HEADER, ...organisation(PEOPLE, prefix)]);
      await untilBlocked(roster);
      return {
        id,
        go: async () => {
          await holder.query('commit');
          holder.release();
        },
      };
    }

    it('is paused after the page in hand, and goes on where it was', async () => {
      const { id, go } = await held('pause');
      const pausing = act(id, 'pause');
      await untilBlocked(roster, 2);
      await go();
      assert.equal((await pausing).status, 200);
      const paused = await importNow(roster, id);
      assert.deepEqual([paused.state, paused.rows.created, paused.rows.pending], ['paused', 500, 700]);
      assert.equal((await act(id, 'pause')).status, 409);
      assert.equal(await count('audit_log', `action = 'import.act' and outcome = 'refused'`), 1);
      assert.equal((await act(id, 'resume')).status, 200);
      assert.deepEqual(countsOf(await importEnded(roster, id)), { total: PEOPLE, created: PEOPLE });
      await recordHistory(roster, `import/${id}`, 'import-paused');
    });

    it('is cancelled: what is done stays and has its manager, the rest is marked cancelled', async () => {
      const { id, go } = await held('cancel');
      const cancelling = act(id, 'cancel');
      await untilBlocked(roster, 2);
      await go();
      assert.equal((await cancelling).status, 200);
      const ended = await importEnded(roster, id);
      await recordHistory(roster, `import/${id}`, 'import-cancelled');
      assert.deepEqual([ended.state, countsOf(ended)], ['cancelled', { total: PEOPLE, created: 500, cancelled: 700 }]);
      await settled(roster);
      assert.equal(await count('accounts', `user_name like 'cancel%' and team_id is null`), 0);
      await assertEqualsModel(roster.pool, roster.instance);
    });

    it('is followed no longer than the token that follows it is good', async () => {
      const { id, go } = await held('followed');
      const by = { label: 'follower', role: 'viewer', expiresAt: null } as const;
      const { id: tokenId, token } = await issueOperatorToken(roster.pool, SECRET, by, BY_TEST);
      const stream = await fetch(`${roster.adminUrl}/imports/${id}/events`, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(stream.status, 200);
      await revokeOperatorToken(roster.pool, tokenId, BY_TEST);
      await assert.rejects(stream.text());
      await go();
      await importEnded(roster, id);
    });

    it('ends where it is cancelled in the Temporal UI too', async () => {
      const { id, go } = await held('cancelled-twice');
      const cancelling = act(id, 'cancel');
      await untilBlocked(roster, 2);
      const temporal = await temporalClient(roster);
      const run = temporal.client.workflow.getHandle(`import/${id}`);
      await run.cancel();
      await until('the run has been told', async () => {
        const { events } = await run.fetchHistory();
        return events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes) ?? false;
      });
      await go();
      await cancelling;
      assert.equal((await importEnded(roster, id)).state, 'cancelled');
      await temporal.close();
    });

    it('is told as it goes, by server-sent events', async () => {
      const { id, go } = await held('follow');
      const events = await askImports(roster, 'GET', `/imports/${id}/events`);
      assert.equal(events.headers.get('content-type'), 'text/event-stream; charset=utf-8');
      await go();
      const text = await events.text();
      const told = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json));
      assert.deepEqual([told[0].rows.pending, told.at(-1).rows.created, told.at(-1).state], [PEOPLE, PEOPLE, 'done']);
    });
  });
});
