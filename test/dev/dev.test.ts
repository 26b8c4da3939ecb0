import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../src/config.js';
import { type DevFile, readDevFile } from '../../src/dev/dev-file.js';
import { waitForEnd } from '../../src/dev/process-list.js';
import { PACKAGE_ROOT } from '../../src/program-files.js';
import { until } from '../support/interleave.js';
import { config } from '../support/servers.js';
import { temporalBinary } from '../support/temporal.js';

/** Starts `npm run dev` as a newcomer does, beside whatever else runs here. */
class Newcomer {
  readonly home: string;
  private child: ChildProcess | undefined;
  said = '';

  constructor(home: string) {
    this.home = home;
  }

  async start(): Promise<DevFile> {
    this.said = '';
    const cliPath = await temporalBinary();
    const child = spawn('npm', ['run', 'dev'], {
      cwd: PACKAGE_ROOT,
      env: childEnvironment({
        ROSTER_HOME: this.home,
        PORT: '0',
        TEMPORAL_CLI: cliPath,
        DATABASE_URL: '',
        TEMPORAL_ADDRESS: '',
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.said += chunk.toString();
      });
    }
    this.child = child;
    await until('dev.json is there', async () => (await this.file()) !== undefined || child.exitCode !== null, 60_000);
    const file = await this.file();
    if (file === undefined) throw new Error(`roster dev ended: ${this.said}`);
    return file;
  }

  file = (): Promise<DevFile | undefined> => readDevFile(join(this.home, 'dev.json'));

  hasSaid = (text: string, patience = 60_000): Promise<void> =>
    until(`it says "${text}"`, () => this.said.includes(text), patience);

  /** Sends npm a signal; resolves with the milliseconds until it is gone. */
  async end(signal: NodeJS.Signals): Promise<number> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null) return 0;
    const began = Date.now();
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    this.child = undefined;
    return Date.now() - began;
  }
}

interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly command: string;
}

const processes = (): Process[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), ppid: Number(match[2]), command: match[3] ?? '' }];
    });

/** All processes below this one. */
function descendants(pid: number, all = processes()): Process[] {
  return all.filter((each) => each.ppid === pid).flatMap((each) => [each, ...descendants(each.pid, all)]);
}

describe('roster dev', function () {
  this.timeout(120_000);
  let newcomer: Newcomer;

  before(async function () {
    newcomer = new Newcomer(await mkdtemp(join(tmpdir(), 'roster-dev-')));
    // Where PostgreSQL, which does not run as root, reaches its data: elsewhere they would be left behind.
    await chmod(newcomer.home, 0o755);
    // A Temporal server is given, and no CLI to start another with.
    if (config().temporal.cliPath === undefined) this.skip();
  });
  after(async () => {
    // Where the test went wrong in the middle, what it had started still runs.
    const file = await newcomer.file();
    if (file !== undefined) process.kill(file.pid, 'SIGTERM');
    await newcomer.end('SIGTERM');
    if (file !== undefined) await waitForEnd(file.pid, 15_000);
    await rm(newcomer.home, { recursive: true, force: true });
  });

  const create = (file: DevFile, userName: string) =>
    fetch(`${file.scimUrl}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${file.scimToken}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify({ userName }),
    });
  const accountOf = async (
    file: DevFile,
    userName: string,
  ): Promise<{ status?: string; team?: unknown } | undefined> => {
    const response = await fetch(`${file.adminUrl}/instances/demo/accounts?userName=${userName}`, {
      headers: { authorization: `Bearer ${file.adminToken}` },
    });
    const { items } = (await response.json()) as { items: { status?: string; team?: unknown }[] };
    return items[0];
  };

  it('starts everything, plays Okta against itself, heals what dies, keeps its data, and ends without a trace', async () => {
    const first = await newcomer.start();
    assert.equal((await stat(join(newcomer.home, 'dev.json'))).mode & 0o777, 0o600);
    await newcomer.hasSaid('What next:');
    assert.match(newcomer.said, /All as the rules say/i, newcomer.said);

    const all = descendants(first.pid);
    for (const program of ['server', 'worker']) {
      const found = all.filter(({ command }) => command.includes(`src/${program}.ts`));
      assert.equal(found.length, 1, `one process named ${program}`);
      process.kill(found[0]?.pid ?? 0, 'SIGKILL');
    }
    await until('the server is back', () =>
      create(first, 'after.kill@acme.example').then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    await until(
      'the worker is back',
      async () => (await accountOf(first, 'after.kill@acme.example'))?.team !== null,
      20_000,
    );

    const left = descendants(first.pid);
    const ms = await newcomer.end('SIGTERM');
    assert.ok(ms < 10_000, `it took ${ms} ms to end`);
    const remaining = () => processes().filter(({ pid }) => left.some((each) => each.pid === pid));
    await until('no process is left', () => remaining().length === 0).catch(() => undefined);
    assert.deepEqual(remaining(), []);
    assert.equal(await newcomer.file(), undefined);

    const second = await newcomer.start();
    assert.equal(second.scimToken, first.scimToken);
    assert.equal(second.adminToken, first.adminToken);
    await newcomer.hasSaid('What next:');
    assert.ok(!newcomer.said.includes('Playing Okta'), 'a second start plays nothing');
    assert.equal((await accountOf(second, 'after.kill@acme.example'))?.status, 'active', 'the data is still there');
    assert.equal((await create(second, 'After.Kill@acme.example')).status, 409);
    await newcomer.end('SIGINT');
  });
});
