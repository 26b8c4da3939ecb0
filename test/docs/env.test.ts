import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig, settingsSchema } from '../../src/config.js';

/** The shell sets it for every program. */
const NOT_OURS = 'PATH';

/** Settings that are of the containers, or of `roster dev` alone. */
const DECIDED = [
  NOT_OURS,
  'DATABASE_URL',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_TASK_QUEUE',
  'TEMPORAL_CLI',
  'HOST',
  'PORT',
  'ROSTER_HOME',
  'ROSTER_WORKFLOW_BUNDLE',
  'ROSTER_WORKER_METRICS',
];

describe('.env.example', () => {
  it('has every setting with its default, and no other', async () => {
    const text = await readFile(join(import.meta.dirname, '..', '..', '.env.example'), 'utf8');
    const listed = [...text.matchAll(/^#?([A-Z_]+=.*)$/gm)].map(([, line = '']) => line);
    const settings = Object.entries(settingsSchema.shape)
      .filter(([name]) => name !== NOT_OURS)
      .map(([name, schema]) => `${name}=${schema.safeParse(undefined).data ?? ''}`);
    assert.deepEqual(listed.toSorted(), settings.toSorted());
  });
});

describe('docker-compose.yml', () => {
  it('hands on every setting that it does not decide itself, an empty one as if it were not set', async () => {
    const text = await readFile(join(import.meta.dirname, '..', '..', 'docker-compose.yml'), 'utf8');
    const [, block = ''] = /environment: &settings\n([\s\S]*?)\n\n/.exec(text) ?? [];
    const given = new Map(
      [...block.matchAll(/^ {4}([A-Z_]+): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    for (const name of Object.keys(settingsSchema.shape)) {
      if (DECIDED.includes(name)) continue;
      assert.ok(given.get(name)?.includes(`\${${name}:`), name);
    }
    const empty = Object.fromEntries([...given.keys()].map((name) => [name, '']));
    assert.doesNotThrow(() => readConfig(empty));
  });
});
