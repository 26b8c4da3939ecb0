import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemporal, TemporalBinaryError } from '../../src/dev/temporal-binary.js';

describe('the Temporal CLI', () => {
  let folder: string;
  let said: string[];
  let got: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roster-binary-'));
    said = [];
    got = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A program that says it is a Temporal CLI with this server inside. */
  const program = async (path: string, server = '1.31.2'): Promise<string> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, `#!/bin/sh\necho 'temporal version 1.8.2 (Server ${server}, UI 2.50.1)'\n`, { mode: 0o755 });
    return path;
  };
  const works =
    (way: string) =>
    async (...parameters: string[] | [unknown, ...unknown[]]) => {
      got.push(way);
      const target = parameters.findLast((parameter) => typeof parameter === 'string');
      await program(String(target));
    };
  const fails = (way: string) => () => {
    got.push(way);
    return Promise.reject(new Error(`no ${way}`));
  };
  const find = (options: Partial<Parameters<typeof findTemporal>[0]> = {}) =>
    findTemporal({
      cliPath: undefined,
      path: '',
      report: (line) => said.push(line),
      binFolder: join(folder, 'kept'),
      download: (target) => works('download')(target),
      build: (_go, target) => works('build')(target),
      ...options,
    });

  it('is the one that TEMPORAL_CLI names, before any other', async () => {
    const named = await program(join(folder, 'named'));
    await program(join(folder, 'path', 'temporal'));
    assert.equal(await find({ cliPath: named, path: join(folder, 'path') }), named);
    await assert.rejects(
      find({ cliPath: join(folder, 'nothing') }),
      /TEMPORAL_CLI is .*nothing, which is not a program/,
    );
  });

  it('is the one on the PATH, unless its server is too old', async () => {
    const onPath = await program(join(folder, 'path', 'temporal'));
    assert.equal(await find({ path: join(folder, 'path') }), onPath);
    await program(onPath, '1.29.1');
    assert.equal(await find({ path: join(folder, 'path') }), join(folder, 'kept', 'temporal'));
    assert.match(said.join('\n'), /too old \(server 1\.29, needed 1\.31\)/);
  });

  it('is downloaded once, by whoever asks first, and kept', async () => {
    const kept = join(folder, 'kept', 'temporal');
    assert.deepEqual(await Promise.all([find(), find()]), [kept, kept]);
    assert.equal(await find(), kept);
    assert.deepEqual(got, ['download']);
  });

  it('is built with Go where it cannot be downloaded, which it says', async () => {
    await program(join(folder, 'path', 'go'));
    await find({ path: join(folder, 'path'), download: fails('download') });
    assert.deepEqual(got, ['download', 'build']);
    assert.match(said.join('\n'), /cannot be downloaded \(no download\)/);
  });

  it('is missing with a sentence that says what was tried and what to do', async () => {
    await program(join(folder, 'path', 'go'));
    await assert.rejects(
      find({ path: join(folder, 'path'), download: fails('download'), build: fails('build') }),
      (error: unknown) =>
        error instanceof TemporalBinaryError &&
        /download: no download; build: no build/.test(error.message) &&
        /set TEMPORAL_CLI.*TEMPORAL_ADDRESS/.test(error.message),
    );
    // Nothing half done is left that a later start would take for the program.
    assert.equal(await find(), join(folder, 'kept', 'temporal'));
  });
});
