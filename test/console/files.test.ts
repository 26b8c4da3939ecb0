import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type AdminServer, startAdmin } from '../admin/admin-server.js';

describe('the files of the console', () => {
  let admin: AdminServer;
  let base: string;
  before(async () => {
    admin = await startAdmin();
    base = new URL(admin.url).origin;
  });
  after(() => admin.close());

  const pathsIn = (page: string): string[] => [...page.matchAll(/"(\/console\/[^"]+)"/g)].map(([, path = '']) => path);

  it('are a page that may load nothing but them, and them', async () => {
    const response = await fetch(`${base}/console`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-cache');
    assert.equal(
      response.headers.get('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const page = await response.text();
    const types = ['text/css; charset=utf-8', 'text/javascript; charset=utf-8'];
    const paths = pathsIn(page);
    assert.equal(paths.length, types.length);
    for (const [at, path] of paths.entries()) {
      const file = await fetch(`${base}${path}`);
      assert.equal(file.headers.get('content-type'), types[at]);
      assert.equal(file.headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.ok((await file.text()).length > 1_000);
      for (const { headers } of [response, file]) {
        assert.equal(headers.get('x-content-type-options'), 'nosniff');
        assert.equal(headers.get('referrer-policy'), 'no-referrer');
      }
    }
    assert.doesNotMatch(page, /<script(?![^>]* src=)|<style|style=|onload=/);
  });

  it('are there with and without the slash, and no others', async () => {
    assert.equal((await fetch(`${base}/console/`)).status, 200);
    assert.equal((await fetch(`${base}/console`, { method: 'HEAD' })).status, 200);
    for (const path of ['/console/app.js', '/console/../package.json', '/console/%2e%2e/server.js', '/consoles']) {
      assert.equal((await fetch(`${base}${path}`)).status, 404, path);
    }
    assert.equal((await fetch(`${base}/console`, { method: 'POST' })).status, 404);
  });

  it('hold nothing of the server but types', () => {
    const folder = join(import.meta.dirname, '..', '..', 'src', 'console');
    const { metafile } = buildSync({
      entryPoints: [join(folder, 'app.tsx')],
      absWorkingDir: folder,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
    });
    const foreign = Object.keys(metafile.inputs).filter(
      (path) => path.startsWith('..') && !path.startsWith('../../node_modules/preact/'),
    );
    assert.deepEqual(foreign, []);
  });
});
