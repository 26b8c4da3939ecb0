import { Command } from 'commander';
import type { Config } from '../config.js';
import type { RunningDev } from '../dev/dev.js';
import { print } from './output.js';
import { wholeNumber } from './whole-number.js';

const TEMPORAL_PORT = 7233;
const TEMPORAL_UI_PORT = 8233;

/** `roster dev`: a whole Roster on this machine, which on its very first start plays Okta against itself. */
export const devCommand = (config: Config): Command =>
  new Command('dev')
    .description('run everything on this machine: PostgreSQL, Temporal with its Web UI, server, worker, a demo')
    .option('--port <port>', 'port of the server, 0 for any free one (otherwise PORT)', port)
    .option('--temporal-port <port>', 'port of Temporal', port)
    .option('--ui-port <port>', "port of Temporal's Web UI", port)
    .addHelpText('after', '\nExample, beside another one:\n  $ ROSTER_HOME=/tmp/second PORT=0 roster dev')
    .action(async (options: { port?: number; temporalPort?: number; uiPort?: number }) => {
      const chosen = { ...config, port: options.port ?? config.port };
      const anyFree = chosen.port === 0;
      await run(chosen, {
        temporal: options.temporalPort ?? (anyFree ? 0 : TEMPORAL_PORT),
        ui: options.uiPort ?? (anyFree ? 0 : TEMPORAL_UI_PORT),
      });
    });

async function run(config: Config, ports: { temporal: number; ui: number }): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));

  const { startDev } = await import('../dev/dev.js');
  let dev: RunningDev;
  try {
    dev = await startDev({ config, ports, say: print, signal: stopping.signal });
  } catch (error) {
    if (stopping.signal.aborted) return;
    throw error;
  }
  try {
    print(whereItIs(dev));
    if (dev.isNew) await play(dev, stopping.signal);
    if (!stopping.signal.aborted) print(whatToDo(dev, config.temporal.namespace));
    await stopped;
  } finally {
    print('stopping');
    await dev.stop();
    print('stopped; the data is kept for the next start');
  }
}

/** The main job before the newcomer's eyes. That it goes wrong must not end the Roster. */
async function play({ file }: RunningDev, signal: AbortSignal): Promise<void> {
  print('\nPlaying Okta against it, this once ("npm run roster demo" plays it again):\n');
  const { playDemo } = await import('../demo/play-demo.js');
  try {
    await playDemo({ ...file, say: print, signal });
  } catch (error) {
    if (!signal.aborted) print(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const whereItIs = ({ file }: RunningDev): string =>
  [
    '',
    'Roster is running.',
    `  SCIM          ${file.scimUrl}`,
    `  Console       ${file.consoleUrl}`,
    `  Admin API     ${file.adminUrl}`,
    `  Temporal UI   ${file.temporalUiUrl}`,
    `  PostgreSQL    ${file.databaseUrl}`,
  ].join('\n');

const whatToDo = ({ file }: RunningDev, namespace: string): string => `
What next:

  Provision a user, as Okta does:
    curl -s ${file.scimUrl}/Users \\
      -H 'Authorization: Bearer ${file.scimToken}' -H 'Content-Type: application/scim+json' \\
      -d '{"userName":"lou.berg@acme.example","title":"AE"}'

  See the account, its manager and its team:
    curl -s '${file.adminUrl}/instances/${file.instance}/accounts?userName=lou.berg@acme.example' \\
      -H 'Authorization: Bearer ${file.adminToken}'

  See all of it in the console, signed in with ${file.adminToken}:
    ${file.consoleUrl}

  See each user's run, and who waits for a manager:
    ${file.temporalUiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows

  Connect a real Okta: docs/okta-setup.md. More commands: npm run roster -- --help
  Ctrl-C stops everything; the data stays.
`;

const port = wholeNumber(0, 65_535, 'a port');
