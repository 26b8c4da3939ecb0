import { isIP } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { plainText } from '../plain-text.js';
import { isSecure } from './endpoint-url.js';
import { isPrivateAddress, PrivateAddressError, publicLookup } from './private-addresses.js';
import { sign } from './signature.js';

/** Where an instance's application listens, and what signs what it is told. */
export interface Endpoint {
  readonly url: string;
  /** One, or two while one takes the place of the other. */
  readonly secrets: readonly string[];
}

/** Something to tell an application. */
interface Message {
  /** One id never carries two contents. */
  readonly id: string;
  /** JSON, to the letter. */
  readonly body: string;
}

/** What came of one attempt. Where there was no answer the status is undefined, and the words say why. */
export interface Delivery {
  readonly status: number | undefined;
  /** Seconds, as `Retry-After` asks; undefined where it does not. */
  readonly retryAfter: number | undefined;
  /** The application's own words, or why it could not be asked: for people, so that it can be stored and shown, plain. */
  readonly words: string;
}

export interface DelivererOptions {
  readonly allowPrivate: boolean;
  /** 15 s unless told: the connection is destroyed then, before anything is tried again. */
  readonly timeoutMs?: number;
}

export interface Deliverer {
  deliver(endpoint: Endpoint, message: Message): Promise<Delivery>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** How much of an answer people are shown. */
const MAX_WORDS = 1_000;

/**
 * Tells applications things, one signed POST each. No redirect is followed, and unless `allowPrivate` nobody is called without TLS or
 * in a private network: the address is looked at when the connection is made. Never throws for what an application does.
 */
export function createDeliverer({ allowPrivate, timeoutMs = TIMEOUT_MS }: DelivererOptions): Deliverer {
  const agent = new Agent({
    connect: { timeout: 5_000, ...(allowPrivate ? {} : { lookup: publicLookup }) },
    // As many connections as there are calls: none waits for another's answer, be it of the same host.
    pipelining: 1,
    keepAliveTimeout: 10_000,
  });

  const post = async ({ url, secrets }: Endpoint, { id, body }: Message): Promise<Delivery> => {
    const target = new URL(url);
    if (!allowPrivate && !isSecure(target)) throw new Error(`Roster calls ${target.host} by https alone.`);
    // A connection to an address written as such asks no lookup.
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (!allowPrivate && isIP(host) !== 0 && isPrivateAddress(host)) throw new PrivateAddressError(host);
    const answer = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json', 'user-agent': 'Roster', ...sign(id, body, secrets, new Date()) },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return {
      status: answer.statusCode,
      retryAfter: secondsOf(answer.headers['retry-after']),
      words: await wordsOf(answer.body),
    };
  };

  return {
    deliver: (endpoint, message) =>
      post(endpoint, message).catch((error: unknown) => ({
        status: undefined,
        retryAfter: undefined,
        words: plainText(reasonOf(error)),
      })),
    close: () => agent.destroy(),
  };
}

/** The beginning of an answer; the rest is not waited for. */
async function wordsOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += chunks.at(-1)?.length ?? 0;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return plainText(Buffer.concat(chunks).toString('utf8').trim().slice(0, MAX_WORDS));
}

/** Whole seconds, or a date from now on (RFC 9110 section 10.2.3). */
function secondsOf(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const seconds = Math.ceil((Date.parse(text) - Date.now()) / 1_000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'It did not answer in time.';
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause instanceof AggregateError ? cause.errors.map(String).join('; ') : cause.message;
}
