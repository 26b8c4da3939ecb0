import type { ClientOf } from './world.js';

/** Longer than the server lets a request take. */
const PATIENCE_MS = 20_000;
/** By when each answer is due (I16). */
const DUE_MS = 15_000;

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly requestId: string;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks one of the servers over SCIM, once. Undefined where there was no answer. What Okta can't work with is noted (I16). */
export const askScim = (of: ClientOf, question: Question): Promise<Answer | undefined> =>
  ask(of, question, '/scim/v2', of.tenant.token, 'application/scim+json', (status) => status < 500);

/** Asks one of the servers' admin API, once. It says 503 where PostgreSQL is away. */
export const askAdmin = (of: ClientOf, question: Question): Promise<Answer | undefined> =>
  ask(of, question, '/admin/v1', of.tenant.operatorToken, 'json', (status) => status < 500 || status === 503);

async function ask(
  { world, random }: ClientOf,
  { method, path, body, headers }: Question,
  base: string,
  token: string,
  type: string,
  isKnown: (status: number) => boolean,
): Promise<Answer | undefined> {
  const began = performance.now();
  const contentType = type === 'json' ? 'application/json' : type;
  try {
    const response = await fetch(`${random.pick(world.cluster.origins)}${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': contentType, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    const ms = Math.round(performance.now() - began);
    const requestId = response.headers.get('x-request-id') ?? '';
    const what = `${method} ${path}: ${response.status}`;
    if (ms > DUE_MS) world.seen.push(`I16 ${what} after ${ms} ms`);
    if (!isKnown(response.status)) world.seen.push(`I16 ${what} ${text.slice(0, 200)}`);
    const isOfType = response.headers.get('content-type')?.includes(type) === true;
    if (text !== '' && !isOfType) world.seen.push(`I16 ${what} is no ${type}: ${text.slice(0, 100)}`);
    if (response.status === 429 && !/^\d+$/.test(response.headers.get('retry-after') ?? ''))
      world.seen.push(`I16 ${what} without a Retry-After in seconds`);
    return { status: response.status, body: text === '' || !isOfType ? undefined : JSON.parse(text), requestId };
  } catch {
    return undefined;
  }
}

/** What a write came to: a 429 may stand for a COMMIT whose answer was lost, so it says nothing. */
export function verdictOf(answer: Answer | undefined, good: readonly number[]): 'ok' | 'fail' | 'unknown' {
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return 'unknown';
  return good.includes(answer.status) ? 'ok' : 'fail';
}
