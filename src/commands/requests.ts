import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { Config } from '../config.js';
import { type LoggedRequest, listRequests, requestsSince } from '../directory/requests.js';
import { showInstance } from '../instances/instances.js';
import { withDatabase } from './context.js';
import { JSON_OPTION, print, printList } from './output.js';
import { wholeNumber } from './whole-number.js';

const POLL_MS = 1_000;
const AT_ONCE = 1_000;
/** How late a request may be written down. */
const LATE_MS = 10_000;
const REMEMBERED = 100_000;

/** `roster requests`: what Okta asked of an instance, and what it was told. */
export const requestsCommand = (config: Config): Command =>
  new Command('requests')
    .description('show the last SCIM requests of an instance, refused ones too')
    .argument('<instance>')
    .option('--limit <number>', 'how many', many, 50)
    .option('--follow', 'go on with those that come, until Ctrl-C')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nBodies are kept, every value redacted, after: roster instance set <instance> --log-bodies 60\n\nExample:\n  $ roster requests acme --follow',
    )
    .action(async (slug: string, options: { limit: number; follow?: boolean; json?: boolean }) => {
      await withDatabase(config, async (pool) => {
        const { slug: instance } = await showInstance(pool, slug);
        const last = (await listRequests(pool, instance, { limit: options.limit })).toReversed();
        if (options.follow !== true) return printList(last, columns, options);
        const tell = (request: LoggedRequest): void =>
          print(options.json === true ? JSON.stringify(request) : line(request));
        last.forEach(tell);
        let told = new Set(last.map(({ id }) => id));
        let until = Date.now();
        for (;;) {
          // Each server writes its own down a little later: what came in the last seconds is looked at again.
          const recent = await requestsSince(pool, instance, new Date(until - LATE_MS), AT_ONCE);
          until = recent.length < AT_ONCE ? Date.now() : (recent.at(-1)?.at.getTime() ?? until) + LATE_MS;
          recent.filter(({ id }) => !told.has(id)).forEach(tell);
          told = new Set([...told, ...recent.map(({ id }) => id)].slice(-REMEMBERED));
          if (recent.length < AT_ONCE) await delay(POLL_MS);
        }
      });
    });

const columns = {
  at: (request: LoggedRequest) => request.at,
  request: (request: LoggedRequest) => `${request.method} ${request.path}`,
  status: (request: LoggedRequest) => request.status,
  detail: (request: LoggedRequest) => request.detail,
  ms: (request: LoggedRequest) => Math.round(request.milliseconds),
  token: (request: LoggedRequest) => request.token?.label,
  'request id': (request: LoggedRequest) => request.requestId,
};

const line = ({ at, method, path, status, detail, milliseconds, body }: LoggedRequest): string =>
  [
    at.toISOString(),
    status,
    `${method} ${path}`,
    `${Math.round(milliseconds)} ms`,
    ...(detail === null ? [] : [detail]),
    ...(body === null ? [] : [JSON.stringify(body)]),
  ].join('  ');

const many = wholeNumber(1, 1_000, 'requests');
