import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import { devFilePath, writeDevFile } from '../../src/dev/dev-file.js';
import { showStuck } from '../../src/directory/progress.js';
import type { UserId } from '../../src/ids.js';
import { PACKAGE_ROOT } from '../../src/program-files.js';
import { type Outcome, runCommand } from '../support/command-line.js';
import { testDatabase } from '../support/database.js';
import { startFakeApplication } from '../support/fake-application.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { SECRET, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';
import { shippedArguments } from '../support/shipped.js';

describe('the command line', function () {
  this.timeout(60_000);
  let roster: TestRoster;

  before(async () => {
    roster = await startRoster();
    await settled(roster);
  });
  after(() => roster.close());

  const cli = (args: readonly string[], settings?: Record<string, string>): Promise<Outcome> =>
    runCommand(roster, args, settings);
  const json = async <Result>(...args: string[]): Promise<Result> => {
    const { code, out, err } = await cli([...args.flatMap((arg) => arg.split(' ')), '--json']);
    assert.equal(code, 0, err);
    return JSON.parse(out) as Result;
  };

  it('creates an instance, issues a token for it, rotates and revokes it', async () => {
    const slug = `cli-${roster.instance.slice(-8)}`;
    const created = await json<{ slug: string; managerWaitSeconds: number }>(
      'instance create --coach coach@cli.test --manager-wait 7',
      slug,
    );
    assert.deepEqual([created.slug, created.managerWaitSeconds], [slug, 7]);
    const issued = await json<{ id: string; token: string }>('token', 'issue', slug, '--label', 'Okta');
    const answers = async (token: string) => (await scim({ ...roster, scimToken: token }, 'GET', '/Users')).status;
    assert.equal(await answers(issued.token), 200);

    const next = await json<{ id: string; token: string }>('token', 'rotate', slug, issued.id, '--overlap', '1');
    assert.deepEqual([await answers(issued.token), await answers(next.token)], [200, 200], 'no gap');
    const listed = await json<{ id: string; expiresAt: string }[]>('token', 'list', slug);
    const old = listed.find(({ id }) => id === issued.id);
    assert.ok(new Date(old?.expiresAt ?? 0).getTime() < Date.now() + 3_601_000, 'the old one ends within the hour');
    assert.ok(!JSON.stringify(listed).includes('rst_'), 'no secret is listed');

    assert.equal((await cli(['token', 'revoke', slug, next.id])).code, 0);
    const end = Date.now() + 5_000;
    while ((await answers(next.token)) !== 401)
      assert.ok(Date.now() < end, 'a revoked token is refused within a second');
  });

  it('issues a token that reads one instance, and lists it with that', async () => {
    const label = ['--label', 'feed'];
    const issued = await json<{ id: string; token: string; role: string; instance: string }>(
      'operator-token issue --role application --instance',
      roster.instance,
      ...label,
    );
    assert.deepEqual([issued.role, issued.instance], ['application', roster.instance]);
    const answer = await fetch(`${roster.adminUrl}/instances/${roster.instance}/events`, {
      headers: { authorization: `Bearer ${issued.token}` },
    });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    const listed = await json<{ id: string; instance: string | null }[]>('operator-token list');
    assert.equal(listed.find(({ id }) => id === issued.id)?.instance, roster.instance);
    assert.match((await cli(['operator-token', 'list'])).out, new RegExp(`feed.*application.*${roster.instance}`));

    for (const [args, says] of [
      [['--role', 'application'], /A token of role application is of one instance: say which/],
      [['--instance', roster.instance], /A token of role viewer is of every instance: name none/],
      [['--role', 'application', '--instance', 'nowhere'], /There is no instance nowhere/],
    ] as const) {
      const { code, err } = await cli(['operator-token', 'issue', ...label, ...args]);
      assert.equal(code, 1);
      assert.match(err, says);
    }
  });

  it('verifies the audit log, and says where it is not as it was', async () => {
    const [chain] = await json<{ instance: string; sealed: number; fault: string | null }[]>(
      'audit verify',
      roster.instance,
    );
    assert.deepEqual([chain?.instance, chain?.fault], [roster.instance, null]);
    assert.ok((chain?.sealed ?? 0) > 0);
    const all = await json<{ instance: string; sealed: number; fault: string | null }[]>('audit verify');
    const installation = all.find(({ instance }) => instance === '-');
    assert.ok((installation?.sealed ?? 0) > 0, 'who was given a token for the admin API is in a chain of its own');
    assert.equal(installation?.fault, null);
    assert.deepEqual(await json('audit verify -'), [installation]);
    await roster.pool.query(`alter table audit_log disable trigger audit_log_append_only`);
    await roster.pool.query(`update audit_log set actor = 'nobody' where instance_id = $1 and position = 1`, [
      roster.instance,
    ]);
    const { code, out } = await cli(['audit', 'verify']);
    assert.equal(code, 1);
    assert.match(out, /row 1 is not what was sealed/);
  });

  it('follows the requests of an instance as they come', async () => {
    const { temporal, databaseUrl } = roster.config;
    const child = spawn(
      process.execPath,
      [...shippedArguments('cli'), 'requests', roster.instance, '--follow', '--limit', '1'],
      {
        cwd: PACKAGE_ROOT,
        env: childEnvironment({
          DATABASE_URL: databaseUrl ?? '',
          TEMPORAL_ADDRESS: temporal.address ?? '',
          ROSTER_SECRET: SECRET,
          ROSTER_HOME: '/nowhere',
        }),
      },
    );
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const ended = once(child, 'close');
    try {
      await scim(roster, 'GET', '/Users/first');
      await until('the first is told', () => out.includes('GET /scim/v2/Users/first'), 20_000);
      await scim(roster, 'GET', '/Users/second');
      await until('the second is told', () => out.includes('GET /scim/v2/Users/second'), 20_000);
      assert.equal(out.split('/Users/first').length, 2, 'and each once');
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  });

  it('sets the default manager, and says why somebody cannot be it', async () => {
    const { body } = await scim(roster, 'POST', '/Users', { userName: 'ind@x.test' });
    await settled(roster);
    const refused = await cli(['instance', 'set', roster.instance, '--default-manager', 'ind@x.test']);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^roster: ind@x\.test can't be the default manager: the role is individual.*\n$/);
    await roster.pool.query(`update accounts set role = 'publisher' where id = $1`, [body?.['id']]);
    const set = await json<{ defaultManager: { userName: string; explicit: boolean } }>(
      'instance set --default-manager IND@x.test',
      roster.instance,
    );
    assert.deepEqual([set.defaultManager.userName, set.defaultManager.explicit], ['ind@x.test', true]);
    const switched = await json<{ switches: object; scimRoles: boolean }>(
      'instance set --deactivate-users off --scim-roles on',
      roster.instance,
    );
    assert.deepEqual(switched.switches, { createUsers: true, updateAttributes: true, deactivateUsers: false });
    assert.equal(switched.scimRoles, true);
    assert.equal((await cli(['instance', 'set', roster.instance, '--create-users', 'maybe'])).code, 1);
    await json('instance set --deactivate-users on --scim-roles off', roster.instance);
    const back = await json<{ defaultManager: { userName: string } }>(
      'instance',
      'set',
      roster.instance,
      '--first-coach',
    );
    assert.equal(back.defaultManager.userName, 'coach@roster.test');
  });

  it('shows who is stuck, why, and where in Temporal to look', async () => {
    const { pool, instance } = roster;
    await settled(roster);
    const { rows } = await pool.query<{ id: UserId }>('select id from users where instance_id = $1 limit 1', [
      instance,
    ]);
    const id = rows[0]?.id ?? assert.fail('nobody is there');
    await showStuck(pool, instance, id, 'application_refused', 3_600_000);
    const { out } = await cli(['stuck', instance], { TEMPORAL_UI_URL: 'http://temporal.test/ui/' });
    assert.match(out, /application_refused/);
    const workflows = `http://temporal.test/ui/namespaces/${roster.config.temporal.namespace}/workflows`;
    assert.ok(out.includes(`  ${workflows}?query=RosterInstance%3D%22${instance}%22`), out);
    const run = `${workflows}/user%2F${instance}%2F${id}`;
    assert.ok(out.includes(`  ${run}\n`), out);
    const [row] = await json<{ workflow: { id: string } }[]>('stuck', instance);
    assert.equal(row?.workflow.id, `user/${instance}/${id}`);

    await pool.query(`update progress set stage = 'waiting for manager' where user_id = $1`, [id]);
    assert.equal((await cli(['stuck', instance])).out.trim(), 'none');
    const waiting = await cli(['stuck', instance, '--stage', 'waiting for manager']);
    assert.ok(waiting.out.includes(`${encodeURIComponent(`user/${instance}/${id}`)}\n`), waiting.out);
    await pool.query(`update progress set stage = 'provisioned', reason = null where user_id = $1`, [id]);
  });

  it('tells one user’s story, exports the evidence, sets and releases the brake, erases who is off', async () => {
    const { instance } = roster;
    const brake = await json<{ brake: object | null }>('instance set --brake 0/1/10', instance);
    assert.deepEqual(brake.brake, { percent: 0, minimum: 1, windowMinutes: 10 });
    assert.equal((await cli(['instance', 'set', instance, '--brake', '20/10'])).code, 1);
    const from = new Date().toISOString();
    const ids: string[] = [];
    for (const name of ['gone-1@x.test', 'gone-2\u001b[2J@x.test']) {
      const { body } = await scim(roster, 'POST', '/Users', { userName: name });
      ids.push(String(body?.['id']));
      await settled(roster);
      await scim(roster, 'DELETE', `/Users/${ids.at(-1)}`);
      await settled(roster);
    }
    assert.match((await cli(['stuck', instance, '--held'])).out, /brake_held/);
    assert.deepEqual(await json('brake release --why checked', instance), { accounts: 1 });
    await settled(roster);
    const evidence = await cli(['audit', 'export', instance, '--from', from]);
    assert.deepEqual(evidence.out.trim().split('\r\n').length, 3, evidence.out);
    const rows = await cli(['audit', 'export', instance, '--from', from, '--rows', '--format', 'ndjson']);
    assert.match(rows.out, /"action":"user.release"/);
    assert.equal((await cli(['audit', 'export', instance, '--from', 'yesterday'])).code, 1);

    const [id = ''] = ids;
    const story = await cli(['user', 'show', instance, id]);
    assert.match(story.out, /asserted {2}Created: userName/);
    assert.match(story.out, /asserted {2}Deleted/);
    const other = await cli(['user', 'show', instance, ids[1] ?? '']);
    assert.ok(other.out.includes('gone-2\\u001b[2J@x.test') && !other.out.includes('\u001b'), other.out);
    const erase = ['user', 'erase', instance, id, '--why', 'a request'];
    assert.equal((await cli(erase)).code, 1, 'it wants to be sure');
    const erased = await cli([...erase, '--yes']);
    assert.equal(erased.code, 0, erased.err);
    assert.doesNotMatch((await cli(['user', 'show', instance, id])).out, /gone-1/);
    await json('instance set --brake 20/10/10', instance);
  });

  it('tests the application of a roster dev, which may be on this machine', async () => {
    const home = await mkdtemp(join(tmpdir(), 'roster-home-'));
    const application = await startFakeApplication();
    try {
      const { databaseUrl = '', temporal } = roster.config;
      await writeDevFile(devFilePath({ ...roster.config, home }), {
        pid: process.pid,
        instance: roster.instance,
        scimUrl: roster.scimUrl,
        scimToken: roster.scimToken,
        adminUrl: roster.adminUrl,
        adminToken: roster.adminToken,
        consoleUrl: '',
        temporalAddress: temporal.address ?? '',
        temporalUiUrl: '',
        databaseUrl,
      });
      const beside = { DATABASE_URL: '', ROSTER_HOME: home };
      const set = await cli(['instance', 'set', roster.instance, '--application', application.url], beside);
      assert.equal(set.code, 0, set.err);
      const test = await cli(['app', 'test', roster.instance], beside);
      assert.equal(test.code, 0, test.out + test.err);
      const elsewhere = await cli(['app', 'test', roster.instance]);
      assert.equal(elsewhere.code, 1);
      assert.match(elsewhere.out, /by https alone/);
      await json('instance set --no-application', roster.instance);
    } finally {
      await application.close();
      await rm(home, { recursive: true });
    }
  });

  it('doctor finds everything well, and says what to do about what is not', async () => {
    const well = await cli(['doctor']);
    assert.equal(well.code, 0, well.out);
    const ill = await cli(['doctor'], {
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      DATABASE_URL: 'postgresql://127.0.0.1:1/none',
    });
    assert.equal(ill.code, 1);
    assert.match(ill.out, /FAIL {2}temporal +Temporal does not answer at 127\.0\.0\.1:1\. Start it/);
    assert.match(ill.out, /FAIL {2}database /);
    const other = await cli(['doctor'], { ROSTER_SECRET: 'not the one of the server, but as long' });
    assert.equal(other.code, 1);
    assert.match(other.out, /FAIL {2}secret +ROSTER_SECRET is not the one under which the \d+ tokens here were issued/);
  });

  it('server and worker refuse a database that was not migrated, and say how to', async () => {
    const bare = await testDatabase();
    try {
      await bare.pool.query(`delete from schema_migrations where name like '%create_steps'`);
      for (const name of ['server', 'worker'] as const) {
        const { code, err } = await cli([name], { DATABASE_URL: bare.url, PORT: '0' });
        assert.deepEqual(
          [code, err.trim()],
          [1, 'The database lacks 1 migrations of this program. Run "roster migrate" first.'],
        );
      }
    } finally {
      await bare.close();
    }
  });

  it('migrate brings a database up to date, and again does nothing', async () => {
    const again = await cli(['migrate']);
    assert.deepEqual([again.code, again.err], [0, '']);
    assert.ok(!again.out.includes('applied'));
    assert.deepEqual(await json('migrate'), { migrations: [], searchAttributes: [] });
  });

  for (const [what, args, settings, says] of [
    ['an unknown instance', ['instance', 'show', 'nowhere'], {}, /There is no instance nowhere/],
    [
      'a slug that is none',
      ['instance', 'create', 'No Slug', '--coach', 'a@x.test'],
      {},
      /A slug is 1 to 40 characters/,
    ],
    ['a token that is not there', ['operator-token', 'revoke', 'nonsense'], {}, /There is no operator token nonsense/],
    [
      'an action of nobody in particular',
      ['retry', 'acme', '--action', 'abandon', '--why', 'x'],
      {},
      /--action is for one user: name the user too/,
    ],
    [
      'one user of a reason',
      ['retry', 'acme', '0190b2c4-1b2c-7000-8000-000000000001', '--code', 'application_refused', '--why', 'x'],
      {},
      /--code is for all who are stuck/,
    ],
    [
      'a reason that nobody is stuck for',
      ['retry', 'acme', '--code', 'brake_held', '--why', 'x'],
      {},
      /Allowed choices are directory_unavailable, application_unreachable, application_refused/,
    ],
    [
      'a reason that says nothing',
      ['retry', 'acme', '--why', '  '],
      {},
      /'--why <reason>' argument .* must not be blank/,
    ],
    [
      'a name that is none',
      ['instance', 'set', 'acme', '--name', ''],
      {},
      /'--name <name>' argument .* must not be blank/,
    ],
    [
      'an endpoint with a password',
      ['instance', 'set', 'acme', '--application', 'https://name:word@app.test/'],
      {},
      /must not hold a name or a password/,
    ],
    [
      'an endpoint that is too long',
      ['instance', 'set', 'acme', '--application', `https://app.test/${'a'.repeat(1_100)}`],
      {},
      /must not be longer than 1024 characters/,
    ],
    [
      'an endpoint without TLS',
      ['instance', 'set', 'acme', '--application', 'http://app.test/'],
      {},
      /must be https: .*ROSTER_PRIVATE_APPLICATIONS=on/,
    ],
    ['a missing setting', ['instance', 'list'], { DATABASE_URL: '' }, /DATABASE_URL is not set/],
    [
      'several missing settings',
      ['server'],
      { DATABASE_URL: '', ROSTER_SECRET: '', TEMPORAL_ADDRESS: '' },
      /DATABASE_URL, ROSTER_SECRET, TEMPORAL_ADDRESS are not set/,
    ],
    ['a DATABASE_URL that is none', ['instance', 'list'], { DATABASE_URL: 'notaurl' }, /DATABASE_URL: is no URL like/],
    ['several wrong settings', ['instance', 'list'], { PORT: 'x', LOG_LEVEL: 'loud' }, /PORT: .*\n {2}LOG_LEVEL: /s],
    ['PostgreSQL away', ['instance', 'list'], { DATABASE_URL: 'postgresql://127.0.0.1:1/none' }, /PostgreSQL/],
    ['a command that does not exist', ['instnace'], {}, /unknown command 'instnace'/],
  ] as const) {
    it(`says what to do about ${what}, without a stack`, async () => {
      const { code, err } = await cli(args, settings);
      assert.equal(code, 1);
      assert.match(err, says);
      assert.ok(!/\n {4}at /.test(err), err);
    });
  }

  it('has help with an example for each command', async () => {
    const { out } = await cli(['--help']);
    for (const name of [
      'dev',
      'server',
      'worker',
      'migrate',
      'instance',
      'token',
      'operator-token',
      'demo',
      'doctor',
    ]) {
      assert.match(out, new RegExp(`^  ${name}\\b`, 'm'));
    }
  });
});
