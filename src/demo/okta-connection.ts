import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import { need, OktaRequirementError, OktaTaskError, readErrorDetail } from './okta-answers.js';

/** How the token is sent: app integrations add `Bearer`, Okta's Header mode sends it bare, older apps use Basic. */
export type Authorization = 'bearer' | 'header' | 'basic';

interface OktaRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base URL, with the query. */
  readonly path: string;
  readonly body?: object;
  /** Whom it is about, for whoever watches; never sent. */
  readonly about?: string | undefined;
}

/** A request and its answer, as it is told to whoever watches. A 429 is told each time. */
export interface Exchange extends OktaRequest {
  readonly status: number;
  /** The answer's JSON; undefined where it has no body. */
  readonly answer: unknown;
  readonly milliseconds: number;
}

export interface ConnectionOptions {
  /** The SCIM base URL, such as `https://host/scim/v2`. */
  readonly url: string;
  readonly token: string;
  readonly authorization?: Authorization | undefined;
  /** How many requests go out at once; the others queue. */
  readonly connections?: number | undefined;
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
  /** Waits between the attempts of a request that got 429. */
  readonly wait?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

export interface OktaConnection {
  /**
   * Sends a request, again after each 429, and gives the answer if it is one of success.
   * @throws OktaTaskError for any other answer, or none; OktaRequirementError for what Okta cannot read.
   */
  send(request: OktaRequest): Promise<Exchange>;
  close(): Promise<void>;
}

/** Okta gives up when the socket says nothing for so long. */
const SILENCE_MS = 60_000;
const MOST_ATTEMPTS = 10;
/** Okta's wait after a 429 whose Retry-After is missing or no integer. */
const UNTOLD_WAIT_MS = 300_000;

/**
 * Okta's HTTP: its exact headers, its time limit, its way with 429. A pool of undici's and not `fetch`, which adds headers
 * of its own (accept-language, sec-fetch-mode) and keeps no bound on its connections.
 */
export function createOktaConnection(options: ConnectionOptions): OktaConnection {
  const base = new URL(options.url);
  const prefix = base.pathname.replace(/\/$/, '');
  const wait = options.wait ?? ((milliseconds: number) => delay(milliseconds));
  const headers = {
    accept: 'application/scim+json',
    'accept-charset': 'utf-8',
    'accept-encoding': 'gzip,deflate',
    'user-agent': 'Okta SCIM Client 1.0.0',
    authorization: authorizationHeader(options.authorization ?? 'bearer', options.token),
  };
  const pool = new Pool(base.origin, {
    connections: options.connections ?? 8,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  });

  const once = async (request: OktaRequest): Promise<{ exchange: Exchange; retryAfter: string | undefined }> => {
    const task = taskOf(request);
    const began = performance.now();
    const sent: Dispatcher.RequestOptions = { method: request.method, path: prefix + request.path, headers };
    if (request.body !== undefined) {
      sent.headers = { ...headers, 'content-type': 'application/scim+json; charset=utf-8' };
      sent.body = JSON.stringify(request.body);
    }
    const { response, bytes } = await answerOf(pool, sent, task);
    const contentType = single(response.headers['content-type']);
    const answer = await parse(task, bytes, single(response.headers['content-encoding']), contentType);
    const milliseconds = performance.now() - began;
    const exchange = { ...request, status: response.statusCode, answer, milliseconds };
    options.onExchange?.(exchange);
    return { exchange, retryAfter: single(response.headers['retry-after']) };
  };

  return {
    send: async (request) => {
      const task = taskOf(request);
      let pause: number | undefined;
      for (let attempt = 1; ; attempt += 1) {
        const { exchange, retryAfter } = await once(request);
        if (exchange.status >= 200 && exchange.status < 300) return exchange;
        if (exchange.status !== 429 || attempt === MOST_ATTEMPTS) {
          throw new OktaTaskError(task, exchange.status, readErrorDetail(task, exchange.status, exchange.answer));
        }
        pause = pause === undefined ? firstPause(retryAfter) : pause * 2;
        await wait(pause);
      }
    },
    close: () => pool.close(),
  };
}

/** How errors name a request. */
const taskOf = ({ method, path, about }: OktaRequest): string =>
  `${method} ${decodeURIComponent(path.replaceAll('+', ' '))}${about === undefined ? '' : ` (${about})`}`;

function authorizationHeader(way: Authorization, token: string): string {
  if (way === 'bearer') return `Bearer ${token}`;
  return way === 'header' ? token : `Basic ${Buffer.from(`okta:${token}`).toString('base64')}`;
}

async function answerOf(
  pool: Pool,
  request: Dispatcher.RequestOptions,
  task: string,
): Promise<{ response: Dispatcher.ResponseData; bytes: Buffer }> {
  try {
    const response = await pool.request(request);
    return { response, bytes: Buffer.from(await response.body.arrayBuffer()) };
  } catch (error) {
    throw new OktaTaskError(task, 0, error instanceof Error ? causeOf(error) : String(error));
  }
}

/** A refused connection to a name of several addresses has its reasons inside only. */
const causeOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map(String).join('; ') : error.message;

async function parse(
  task: string,
  bytes: Buffer,
  encoding: string | undefined,
  contentType: string | undefined,
): Promise<unknown> {
  if (bytes.length === 0) return undefined;
  const json = /^application\/(?:scim\+)?json(?:;|$)/i.test(contentType ?? '');
  need(task, json, `JSON as the answer, not ${contentType ?? 'something without a content type'}`);
  const text = (await decode(bytes, encoding)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new OktaRequirementError(`${task}: Okta needs JSON. Unrecognized token: ${text.slice(0, 80)}`);
  }
}

async function decode(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === 'gzip') return promisify(gunzip)(bytes);
  return encoding === 'deflate' ? promisify(inflate)(bytes) : bytes;
}

const firstPause = (retryAfter: string | undefined): number =>
  retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : UNTOLD_WAIT_MS;

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
