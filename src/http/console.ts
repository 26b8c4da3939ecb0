import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Koa from 'koa';
import { fromSource } from '../program-files.js';

const FOLDER = join(import.meta.dirname, '..', 'console');
const PATH = '/console';

/** Nothing but our own files and our own API; nobody frames it, and no form goes anywhere by itself. */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

interface File {
  readonly type: string;
  readonly cache: string;
  readonly content: string;
}

/**
 * The console at `/console`: a page that names its script and its style sheet by the hash of their content, so that browsers
 * keep those for ever and ask for the page alone.
 */
export function consoleEndpoint(): Koa.Middleware {
  let files: Promise<ReadonlyMap<string, File>> | undefined;

  return async function console(context, next) {
    const { path, method } = context;
    if ((path !== PATH && !path.startsWith(`${PATH}/`)) || (method !== 'GET' && method !== 'HEAD')) {
      await next();
      return;
    }
    files ??= readFiles().catch((error: unknown) => {
      files = undefined;
      throw error;
    });
    const found = (await files).get(path);
    if (found === undefined) {
      await next();
      return;
    }
    context.set({ ...HEADERS, 'Cache-Control': found.cache });
    context.type = found.type;
    context.body = found.content;
  };
}

async function readFiles(): Promise<ReadonlyMap<string, File>> {
  const { script, style } = await (fromSource ? bundled() : built());
  const cache = 'public, max-age=31536000, immutable';
  const scriptPath = `${PATH}/app-${hashOf(script)}.js`;
  const stylePath = `${PATH}/style-${hashOf(style)}.css`;
  const page: File = { type: 'text/html; charset=utf-8', cache: 'no-cache', content: pageOf(scriptPath, stylePath) };
  return new Map([
    [PATH, page],
    [`${PATH}/`, page],
    [scriptPath, { type: 'text/javascript; charset=utf-8', cache, content: script }],
    [stylePath, { type: 'text/css; charset=utf-8', cache, content: style }],
  ]);
}

interface Bundle {
  readonly script: string;
  readonly style: string;
}

/** What `npm run build` left beside the server. */
async function built(): Promise<Bundle> {
  const [script, style] = await Promise.all(
    ['app.js', 'style.css'].map((name) => readFile(join(FOLDER, name), 'utf8')),
  );
  return { script: script ?? '', style: style ?? '' };
}

/** The same of the sources, as they are when the page is first asked for. */
async function bundled(): Promise<Bundle> {
  const { buildSync } = await import('esbuild');
  // All at once: esbuild's other way leaves a process behind.
  const { outputFiles } = buildSync({
    entryPoints: ['app.tsx', 'style.css'].map((name) => join(FOLDER, name)),
    outdir: FOLDER,
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}

const hashOf = (content: string): string => createHash('sha256').update(content).digest('base64url').slice(0, 16);

/** A dot, so that no browser asks for an icon that is not there. */
const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#2456c7"/><circle cx="8" cy="5.5" r="2.5" fill="#fff"/><path d="M3 14a5 5 0 0 1 10 0z" fill="#fff"/></svg>')}`;

const pageOf = (scriptPath: string, stylePath: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Roster</title>
    <link rel="icon" href="${ICON}">
    <link rel="stylesheet" href="${stylePath}">
    <script type="module" src="${scriptPath}"></script>
  </head>
  <body>
    <div id="app"></div>
    <noscript>The console needs JavaScript. The CLI and the admin API do all the same.</noscript>
  </body>
</html>
`;
