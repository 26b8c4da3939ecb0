import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settingsSchema } from '../../src/config.js';

/** The shell sets it for every program. */
const NOT_OURS = 'PATH';

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
