import type { Problem } from './api-types.js';
import { endSession, storedToken } from './session.js';

const BASE = '/admin/v1';

/** A refusal, or no answer at all, in words for who sits at the screen. */
export class ProblemFound extends Error {
  override readonly name = 'ProblemFound';
  readonly status: number;
  readonly code: string;
  readonly requestId: string;

  constructor({ status, code, detail, requestId }: Omit<Problem, 'type'>) {
    super(detail);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Asked {
  /** Sent as JSON; a file as it is, with `headers` to say what it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A path of the admin API with each value as one segment of it, whatever the value holds. */
export const path = (texts: TemplateStringsArray, ...values: readonly string[]): string =>
  String.raw({ raw: texts }, ...values.map(encodeURIComponent));

/** The path with a query of what is given. */
export function withQuery(of: string, query: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return given.length === 0 ? of : `${of}?${new URLSearchParams(given).toString()}`;
}

/** Asks the admin API and gives its answer, whose shape the server has checked. @throws ProblemFound */
export async function ask<Answer>(method: Method, of: string, asked: Asked = {}): Promise<Answer> {
  const response = await request(method, of, asked);
  const answer: Answer = response.status === 204 ? undefined : await response.json();
  return answer;
}

/** Asks the admin API and gives the response, for who reads it bit by bit or as a file. @throws ProblemFound */
export async function request(method: Method, of: string, { body, headers, signal }: Asked = {}): Promise<Response> {
  const isFile = body instanceof Blob;
  const response = await fetch(`${BASE}${of}`, {
    method,
    headers: {
      authorization: `Bearer ${storedToken() ?? ''}`,
      ...(body === undefined || isFile ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    cache: 'no-store',
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw unanswered(error);
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  // The token was revoked or has expired: nothing here can be shown any more.
  if (response.status === 401) endSession('refused');
  throw problem;
}

const unanswered = (error: unknown): ProblemFound =>
  new ProblemFound({
    status: 0,
    code: 'unanswered',
    detail: `Roster does not answer${error instanceof Error && error.message !== '' ? ` (${error.message})` : ''}. Is it running, and is this machine online?`,
    requestId: '',
  });

/** A proxy between may answer with a page of its own. */
async function problemOf(response: Response): Promise<ProblemFound> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') === true) {
    const problem: Problem = await response.json();
    return new ProblemFound(problem);
  }
  const { status, statusText } = response;
  const detail = `The answer was ${status} ${statusText}, and not from Roster.`;
  return new ProblemFound({ status, code: 'unknown', detail, requestId: response.headers.get('x-request-id') ?? '' });
}

/** Any error in words. What is none of ours is a fault of the console, and says so. */
export const problemFrom = (error: unknown): ProblemFound =>
  error instanceof ProblemFound
    ? error
    : new ProblemFound({
        status: 0,
        code: 'console',
        detail: `The console failed: ${error instanceof Error ? error.message : String(error)}`,
        requestId: '',
      });
