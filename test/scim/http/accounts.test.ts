import assert from 'node:assert/strict';
import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

describe('the SCIM user behind an account', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const created = async (body: object) => (await expectStatus(201, ask(roster, 'POST', '/Users', body))).body ?? {};
  const shown = async (id: unknown) => (await expectStatus(200, ask(roster, 'GET', `/Users/${String(id)}`))).body ?? {};
  const put = async (id: unknown, body: object) =>
    (await expectStatus(200, ask(roster, 'PUT', `/Users/${String(id)}`, body))).body ?? {};
  const patch = async (id: unknown, ...Operations: object[]) =>
    (await expectStatus(200, ask(roster, 'PATCH', `/Users/${String(id)}`, { Operations }))).body ?? {};

  describe('rule 1: only userName is required', () => {
    it('a userName alone makes an active user whom Okta can read', async () => {
      const user = await created({ userName: 'Ada.Lane@x.test' });
      const { schemas: _schemas, id, meta: _meta, ...rest } = user;
      assert.deepEqual(rest, {
        userName: 'Ada.Lane@x.test',
        active: true,
        name: { givenName: 'Ada', familyName: 'Lane' },
        emails: [{ value: 'Ada.Lane@x.test', type: 'work', primary: true }],
      });
      assert.deepEqual(await shown(id), user);
    });

    for (const [what, body] of [
      ['nothing', {}],
      ['a null', { userName: null }],
      ['a blank', { userName: ' \t' }],
      ['a list', { userName: ['a@x.test'] }],
      ['everything but a userName', { externalId: '1', emails: [{ value: 'a@x.test' }], name: { givenName: 'A' } }],
    ] as const) {
      it(`${what} is refused, naming userName`, async () => {
        const { body: error } = await expectStatus(400, ask(roster, 'POST', '/Users', body));
        assert.equal(error?.['scimType'], 'invalidValue');
        assert.match(String(error['detail']), /^userName /);
      });
    }

    it('a title that nobody gave is not shown, and blank on the account; a blank one stays as it was sent', async () => {
      const none = await created({ userName: 'no-title@x.test' });
      assert.equal('title' in none, false);
      const blank = await created({ userName: 'blank-title@x.test', title: '' });
      assert.equal(blank['title'], '');
      const { rows } = await roster.pool.query<{ title: string }>('select title from accounts where id = any ($1)', [
        [none['id'], blank['id']],
      ]);
      assert.deepEqual(rows, [{ title: '' }, { title: '' }]);
    });

    it('what is given of names and e-mails is kept, and only the rest derived', async () => {
      const emails = [{ value: 'home@x.test', type: 'home' }];
      const user = await created({ userName: 'bo.kim@x.test', name: { familyName: 'Kim-Lee' }, emails });
      assert.deepEqual(user['name'], { givenName: 'Bo', familyName: 'Kim-Lee' });
      assert.deepEqual(user['emails'], emails);
    });

    for (const [verb, remove] of [
      ['PUT', (id: unknown) => put(id, { userName: 'gone-PUT@x.test' })],
      ['PATCH', (id: unknown) => patch(id, { op: 'remove', path: 'name' }, { op: 'remove', path: 'emails' })],
    ] as const) {
      it(`derived names that a ${verb} removes stay removed, also after the next change`, async () => {
        const { id } = await created({ userName: `gone-${verb}@x.test` });
        for (const user of [
          await remove(id),
          await patch(id, { op: 'add', path: 'nickName', value: 'G' }),
          await patch(id, { op: 'replace', path: 'userName', value: `other-${verb}@x.test` }),
        ]) {
          assert.deepEqual([user['name'], user['emails']], [undefined, undefined]);
        }
      });
    }
  });

  describe('rule 3: the manager reference is echoed as sent', () => {
    const enterprise = async (manager: unknown, userName: string) => {
      const user = await created({ userName, [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager } });
      assert.deepEqual(await shown(user['id']), user);
      return user;
    };
    const managerOf = (user: Record<string, unknown>) =>
      (user[ENTERPRISE_USER_SCHEMA] as { manager?: unknown } | undefined)?.manager;

    for (const [what, manager, echoed = manager] of [
      ['value', { value: '00uMANAGER' }],
      ['managerId', { managerId: 'Boss@X.test' }],
      ['displayName alone', { displayName: 'Bo Kim' }],
      ['all of them, with $ref', { value: '1', managerId: '2', displayName: '3', $ref: '../Users/1' }],
      ['a bare string', ' coach@roster.test ', { value: ' coach@roster.test ' }],
      ['a bare number', 4711, { value: '4711' }],
      ['names in other cases', { VALUE: 'x', DisplayName: 'y' }, { value: 'x', displayName: 'y' }],
      ['members nobody knows', { value: 'x', Email: 'e' }, { value: 'x' }],
    ] as const) {
      it(`manager as ${what}`, async () => {
        const user = await enterprise(manager, `as ${what}@x.test`);
        assert.deepEqual(managerOf(user), echoed);
      });
    }

    it('in lists and filters too, and never the effective manager', async () => {
      const { id } = await enterprise('nobody@x.test', 'unresolved@x.test');
      const { body } = await ask(roster, 'GET', `/Users?filter=id+eq+"${String(id)}"`);
      assert.deepEqual(body?.['Resources'], [await shown(id)]);
    });

    const PUTS: readonly (readonly [string, object, unknown])[] = [
      ['without the enterprise block leaves it', {}, { department: 'Sales', manager: { value: 'm' } }],
      [
        'of a block without manager clears the manager',
        { [ENTERPRISE_USER_SCHEMA]: { department: 'HR' } },
        { department: 'HR' },
      ],
      [
        'of a block with a null manager clears it',
        { [ENTERPRISE_USER_SCHEMA]: { department: 'HR', manager: null } },
        { department: 'HR' },
      ],
      ['of an empty block clears all of it', { [ENTERPRISE_USER_SCHEMA]: {} }, undefined],
      ['of a null block clears all of it', { [ENTERPRISE_USER_SCHEMA]: null }, undefined],
    ];
    for (const [what, block, after] of PUTS) {
      it(`PUT ${what}`, async () => {
        const userName = `put ${what}@x.test`;
        const { id } = await enterprise({ value: 'm' }, userName);
        const user = await put(id, { userName, ...block });
        assert.deepEqual(user[ENTERPRISE_USER_SCHEMA], after);
        assert.deepEqual(await shown(id), user);
      });
    }

    it('PATCH replaces, adds and removes it in each shape', async () => {
      const { id } = await created({ userName: 'patched@x.test' });
      const path = `${ENTERPRISE_USER_SCHEMA}:manager`;
      for (const [operation, manager] of [
        [{ op: 'Add', path, value: 'bare@x.test' }, { value: 'bare@x.test' }],
        [{ op: 'Replace', path: `${path}.value`, value: '2' }, { value: '2' }],
        [{ op: 'replace', path, value: { managerId: '3' } }, { managerId: '3' }],
        [{ op: 'replace', value: { [ENTERPRISE_USER_SCHEMA]: { manager: { value: '4' } } } }, { value: '4' }],
        [{ op: 'replace', value: { [path]: '5' } }, { value: '5' }],
        [{ op: 'replace', path, value: null }, undefined],
        [{ op: 'add', value: { [`${path}.displayName`]: 'Six' } }, { displayName: 'Six' }],
        [{ op: 'remove', path }, undefined],
      ] as const) {
        assert.deepEqual(managerOf(await patch(id, operation)), manager, JSON.stringify(operation));
      }
    });

    it('PUT without active leaves it, whichever it is', async () => {
      const { id } = await created({ userName: 'asleep@x.test', active: false });
      assert.equal((await put(id, { userName: 'asleep@x.test', title: 'AE' }))['active'], false);
      await put(id, { userName: 'asleep@x.test', active: true });
      assert.equal((await put(id, { userName: 'asleep@x.test' }))['active'], true);
      assert.equal((await put(id, { userName: 'asleep@x.test', active: null }))['active'], true);
    });
  });

  it('rule 8: an inactive user stays readable by id, filter and list, and comes back under the same id', async () => {
    const { id } = await created({ userName: 'leaver@x.test', externalId: '00uLEAVER', title: 'AE' });
    const inactive = await patch(id, { op: 'replace', value: { active: false } });
    assert.equal(inactive['active'], false);
    for (const path of [
      '/Users?filter=userName eq "leaver@x.test"',
      '/Users?filter=externalId eq "00uLEAVER" and active eq false',
      `/Users?filter=id eq "${String(id)}"`,
    ]) {
      assert.deepEqual((await ask(roster, 'GET', path)).body?.['Resources'], [inactive], path);
    }
    const { body: all } = await ask(roster, 'GET', '/Users?count=200');
    assert.ok(Array.isArray(all?.['Resources']));
    assert.deepEqual(
      all['Resources'].filter((user) => user.id === id),
      [inactive],
    );
    const { meta: _before, ...back } = await put(id, { ...inactive, active: true });
    const { meta: _after, ...rest } = inactive;
    assert.deepEqual(back, { ...rest, active: true });
  });
});
