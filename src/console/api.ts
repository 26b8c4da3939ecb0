import type { Problem } from './api-types.js';
import { endSession, storedToken } from './session.js';

const BASE = '/admin/v1';

/** So long an answer may take; an upload and a stream take as long as they do. */
const PATIENCE_MS = 30_000;

interface Found extends Pick<Problem, 'code' | 'detail'> {
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;
}

/** A refusal, or no answer at all, in words for who sits at the screen. */
export class ProblemFound extends Error {
  override readonly name = 'ProblemFound';
  /** 0 where there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly #retryAt: number;

  constructor({ status = 0, code, detail, requestId = '', retryAfterSeconds = 0 }: Found) {
    super(detail);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.#retryAt = Date.now() + retryAfterSeconds * 1_000;
  }

  /** Whether it may pass by itself; another refusal stays as long as the same is asked. */
  get mayPass(): boolean {
    return this.status < 400 || this.status === 429 || this.status >= 500;
  }

  /** Whether to ask again without being told to: not before Roster wants to be asked. */
  get isDue(): boolean {
    return this.mayPass && Date.now() >= this.#retryAt;
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Asked {
  /** Sent as JSON; a file as it is, with `headers` to say what it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Whether it may take any time. */
  readonly isLong?: boolean;
}

/** A path of the admin API with each value as one segment of it, whatever the value holds. */
export const path = (texts: TemplateStringsArray, ...values: readonly string[]): string =>
  String.raw({ raw: texts }, ...values.map(encodeURIComponent));

/** The path, which may have a query, with what is given in its query. */
export function withQuery(of: string, query: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []));
  if (given.length === 0) return of;
  return `${of}${of.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}

/** Asks the admin API and gives its answer, whose shape the server has checked. @throws ProblemFound */
export async function ask<Answer>(method: Method, of: string, asked: Asked = {}): Promise<Answer> {
  const response = await request(method, of, asked);
  const read = async () => (response.status === 204 ? undefined : response.json());
  const answer: Answer = await read().catch((error: unknown) => {
    asked.signal?.throwIfAborted();
    throw error instanceof SyntaxError ? foreign(response) : unanswered(error, method);
  });
  return answer;
}

/** Asks the admin API and gives the response, for who reads it bit by bit or as a file. @throws ProblemFound */
export async function request(
  method: Method,
  of: string,
  { body, headers, signal, isLong = false }: Asked = {},
): Promise<Response> {
  const isFile = body instanceof Blob;
  const token = storedToken() ?? '';
  const ends = [...(signal === undefined ? [] : [signal]), ...(isLong ? [] : [AbortSignal.timeout(PATIENCE_MS)])];
  const response = await fetch(`${BASE}${of}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined || isFile ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    signal: AbortSignal.any(ends),
    cache: 'no-store',
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw unanswered(error, method);
  });
  if (response.ok && !isPage(response)) return response;
  const problem = await problemOf(response);
  // The token was revoked or has expired: nothing here can be shown any more. Not where it is one of a session before.
  if (response.status === 401 && storedToken() === token) endSession('refused');
  throw problem;
}

function unanswered(error: unknown, method: Method): ProblemFound {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    const done = method === 'GET' ? '' : ' It may have been done all the same: look before you try again.';
    const detail = `Roster has not answered for ${PATIENCE_MS / 1_000} seconds.${done}`;
    return new ProblemFound({ code: 'unanswered', detail });
  }
  const why = error instanceof Error && error.message !== '' ? ` (${error.message})` : '';
  const detail = `Roster does not answer${why}. Is it running, and is this machine online?`;
  return new ProblemFound({ code: 'unanswered', detail });
}

/** Roster never answers with one. A proxy between may, with a status of its choice. */
const isPage = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith('text/html') === true;

const foreign = ({ status, statusText, headers }: Response): ProblemFound =>
  new ProblemFound({
    status,
    code: 'unknown',
    detail: `The answer was ${status} ${statusText}, and not from Roster.`,
    requestId: headers.get('x-request-id') ?? '',
  });

async function problemOf(response: Response): Promise<ProblemFound> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) return foreign(response);
  const problem: Problem = await response.json();
  const retryAfterSeconds = Number(response.headers.get('retry-after')) || 0;
  return new ProblemFound({ ...problem, retryAfterSeconds });
}

/** Any error in words. What is none of ours is a fault of the console, and says so. */
export const problemFrom = (error: unknown): ProblemFound =>
  error instanceof ProblemFound
    ? error
    : new ProblemFound({
        code: 'console',
        detail: `The console failed: ${error instanceof Error ? error.message : String(error)}`,
      });
