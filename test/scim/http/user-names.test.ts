import assert from 'node:assert/strict';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

describe('a userName is one person’s', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const created = async (userName: string) =>
    (await expectStatus(201, ask(roster, 'POST', '/Users', { userName }))).body ?? {};
  const pathOf = (user: Record<string, unknown>) => `/Users/${String(user['id'])}`;
  const found = async (userName: string) =>
    (await ask(roster, 'GET', `/Users?filter=${encodeURIComponent(`userName eq ${JSON.stringify(userName)}`)}`)).body?.[
      'Resources'
    ];
  const rename = (userName: string) => ({
    PUT: { userName, active: false, title: 'thief' },
    PATCH: { Operations: [{ op: 'replace', value: { userName, active: false, title: 'thief' } }] },
  });

  for (const [sent, also] of [
    ['Ada.Lane@X.test', 'ADA.LANE@x.TEST'],
    ['Élodie@x.test', 'e\u0301LODIE@x.test'],
    ['\u212aim@x.test', 'KIM@x.test'],
    ['ΟΔΟΣ@x.test', 'οδος@x.test'],
    ["o'neill+tag@x.test", "O'Neill+TAG@x.test"],
    ['50%_\\@x.test', '50%_\\@X.test'],
    [' blank around ', ' Blank Around '],
    ['no e-mail', 'NO E-MAIL'],
  ] as const) {
    it(`"${sent}" is echoed as sent, found as "${also}" too, and taken for both`, async () => {
      const user = await created(sent);
      assert.equal(user['userName'], sent);
      for (const name of [sent, also]) {
        assert.deepEqual(await found(name), [user]);
        const { body } = await expectStatus(409, ask(roster, 'POST', '/Users', { userName: name }));
        assert.equal(body?.['scimType'], 'uniqueness');
        assert.match(String(body['detail']), /userName/);
      }
      assert.deepEqual((await ask(roster, 'GET', pathOf(user))).body, user);
    });
  }

  it('names that only look alike are two', async () => {
    for (const userName of ['fin@x.test', 'ﬁn@x.test', 'a@y.test', 'а@y.test', 'a@y.test ', 'ß', 'ss']) {
      await created(userName);
    }
  });

  for (const verb of ['PUT', 'PATCH'] as const) {
    it(`a ${verb} to somebody else's name, in whatever case: 409, and nothing of it is done`, async () => {
      const holder = await created(`holder-${verb}@x.test`);
      const user = await created(`wants-${verb}@x.test`);
      const answer = await expectStatus(409, ask(roster, verb, pathOf(user), rename(`HOLDER-${verb}@x.test`)[verb]));
      assert.equal(answer.body?.['scimType'], 'uniqueness');
      for (const each of [holder, user]) assert.deepEqual((await ask(roster, 'GET', pathOf(each))).body, each);
      const { rows } = await roster.pool.query(
        'select action, outcome, reason from audit_log where user_id = $1 order by entry',
        [user['id']],
      );
      assert.deepEqual(rows, [
        { action: 'user.create', outcome: 'accepted', reason: null },
        { action: 'user.update', outcome: 'refused', reason: 'scim_uniqueness' },
      ]);
    });

    it(`a ${verb} to a free name keeps the id, is echoed as sent, and frees the old name`, async () => {
      const user = await created(`old-${verb}@x.test`);
      const { body } = await expectStatus(200, ask(roster, verb, pathOf(user), rename(`New-${verb}@x.test`)[verb]));
      assert.deepEqual([body?.['id'], body?.['userName']], [user['id'], `New-${verb}@x.test`]);
      assert.deepEqual(await found(`old-${verb}@x.test`), []);
      assert.deepEqual(await found(`new-${verb}@x.test`), [body]);
      assert.notEqual((await created(`old-${verb}@x.test`))['id'], user['id']);
    });

    it(`a ${verb} of one's own name in another case is a change like any other`, async () => {
      const user = await created(`case-${verb}@x.test`);
      const { body } = await expectStatus(200, ask(roster, verb, pathOf(user), rename(`CASE-${verb}@x.test`)[verb]));
      assert.equal(body?.['userName'], `CASE-${verb}@x.test`);
    });
  }

  it('after a DELETE the user is gone for every verb, and the name is free for another', async () => {
    const user = await created('deleted@x.test');
    const { text } = await expectStatus(204, ask(roster, 'DELETE', pathOf(user)));
    assert.equal(text, '');
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', { userName: 'deleted@x.test' }],
      ['PATCH', { Operations: [{ op: 'replace', value: { active: true } }] }],
      ['DELETE', undefined],
    ] as const) {
      await expectStatus(404, ask(roster, method, pathOf(user), body));
    }
    assert.deepEqual(await found('deleted@x.test'), []);
    const again = await created('Deleted@x.test');
    assert.notEqual(again['id'], user['id']);
    assert.deepEqual(await found('deleted@x.test'), [again]);
    await expectStatus(204, ask(roster, 'DELETE', pathOf(again)));
    await created('deleted@x.test');
  });

  it('an externalId need not be unique, is no id, and is found in its own case only', async () => {
    const { id } = await created('external@x.test');
    for (const externalId of ['0', '1', 'admin', 'Abc', String(id)]) {
      const twins = [];
      for (const userName of [`${externalId}-1@x.test`, `${externalId}-2@x.test`]) {
        const { body } = await expectStatus(201, ask(roster, 'POST', '/Users', { userName, externalId }));
        assert.notEqual(body?.['id'], externalId);
        twins.push(body);
      }
      const { body } = await ask(roster, 'GET', `/Users?filter=externalId eq "${externalId}"`);
      assert.deepEqual(body?.['Resources'], twins);
    }
    const { body } = await ask(roster, 'GET', '/Users?filter=externalId eq "ABC"');
    assert.equal(body?.['totalResults'], 0);
  });
});
