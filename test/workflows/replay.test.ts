import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { HISTORIES } from '../support/histories.js';
import { installRuntime, workflowBundle } from '../support/roster.js';

/** Every recorded history: of each version of Roster, one a story. */
async function recordings(): Promise<{ name: string; json: string }[]> {
  const versions = (await readdir(HISTORIES, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const files = await Promise.all(
    versions.map(async ({ name }) => (await readdir(join(HISTORIES, name))).map((file) => join(name, file))),
  );
  return Promise.all(files.flat().map(async (name) => ({ name, json: await readFile(join(HISTORIES, name), 'utf8') })));
}

describe('recorded histories', () => {
  it('replay with the workflows as they are now, or open runs would break at an upgrade', async function () {
    this.timeout(60_000);
    installRuntime();
    const codePath = await workflowBundle();
    const all = await recordings();
    assert.ok(all.length >= 8, `there are only ${all.length} of them`);
    const broken: string[] = [];
    const histories = all.map(({ name, json }) => ({ workflowId: name, history: historyFromJSON(JSON.parse(json)) }));
    for await (const result of Worker.runReplayHistories({ workflowBundle: { codePath } }, histories)) {
      if (result.error !== undefined) broken.push(`${result.workflowId}: ${result.error.message}`);
    }
    assert.deepEqual(broken, []);
  });

  it('hold no personal data: ids, versions and codes only', async () => {
    for (const { name, json } of await recordings()) {
      const texts = [...json.matchAll(/"data": ?"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
        Buffer.from(data ?? '', 'base64').toString('utf8'),
      );
      assert.ok(![json, ...texts].some((text) => text.includes('@x.test')), name);
    }
  });
});
