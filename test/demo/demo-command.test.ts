import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.js';
import { devFilePath, writeDevFile } from '../../src/dev/dev-file.js';
import { PACKAGE_ROOT } from '../../src/program-files.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { shippedArguments } from '../support/shipped.js';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the command roster demo', function () {
  this.timeout(60_000);
  let home: string;
  let roster: TestRoster;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'roster-demo-'));
    roster = await startRoster({ managerWaitSeconds: 1 });
  });
  after(async () => {
    await roster.close();
    await rm(home, { recursive: true });
  });

  const demo = (...flags: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const options = { cwd: PACKAGE_ROOT, env: { ...process.env, ROSTER_HOME: home } };
      execFile(process.execPath, [...shippedArguments('cli'), 'demo', ...flags], options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });

  it('says what is missing in one line, and never sends the keys of one Roster to another', async () => {
    assert.deepEqual(await demo(), {
      code: 1,
      stdout: '',
      stderr:
        'roster: There is no Roster to play against. Start "roster dev" in another terminal, or give --url, --token, --admin-token, --instance.\n',
    });
    await writeDev();
    const { code, stderr } = await demo('--url', 'https://other.example/scim/v2', '--instance', 'acme');
    assert.equal(code, 1);
    assert.match(stderr, /^roster: .* For that URL give also --token, --admin-token\.\n$/);
  });

  it('plays against a running roster dev, and gives the result as JSON', async () => {
    await writeDev();
    const { code, stdout, stderr } = await demo('--json', '--seed', 'five');
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.deepEqual([result.ok, result.seed, result.rows.length], [true, 'five', 12]);
    assert.match(stderr, /POST \/Users bo\.kim@acme\.example → 201/);
  });

  it('plays against the Roster given by its flags, in the other family', async () => {
    await rm(devFilePath({ ...readConfig({}), home }), { force: true });
    const { scimUrl, scimToken, adminToken, instance } = roster;
    const given = ['--url', `${scimUrl}/`, '--token', scimToken, '--admin-token', adminToken, '--instance', instance];
    const { code, stdout, stderr } = await demo(...given, '--family', 'AIW');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /│ Ada Lane +│ active │ Grace Moore │/);
    const refused = await demo(...given, '--token', 'rst_wrong');
    assert.deepEqual(
      [refused.code, refused.stderr],
      [1, `roster: ${scimUrl}/ refuses the SCIM token. Give a good one as --token.\n`],
    );
  });

  const writeDev = async (): Promise<void> => {
    const { scimUrl, scimToken, adminUrl, adminToken, instance } = roster;
    await writeDevFile(devFilePath({ ...readConfig({}), home }), {
      pid: 1,
      instance,
      scimUrl,
      scimToken,
      adminUrl,
      adminToken,
      consoleUrl: '',
      temporalAddress: '',
      temporalUiUrl: '',
      databaseUrl: '',
    });
  };
});
