import { OktaRequirementError, readErrorDetail } from '../src/demo/okta-answers.js';
import type { Operation } from './ledger.js';
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

/** What SCIM may answer to these clients: 401 only where the token was replaced meanwhile. */
const SCIM_STATUSES = [200, 201, 204, 404, 409, 412, 429];

/** Asks one of the servers over SCIM, once. Undefined where there was no answer. What Okta can't work with is noted (I16). */
export async function askScim(of: ClientOf, question: Question): Promise<Answer | undefined> {
  const { token } = of.tenant;
  const isKnown = (status: number): boolean =>
    SCIM_STATUSES.includes(status) || (status === 401 && token !== of.tenant.token);
  const answer = await ask(of, question, '/scim/v2', token, 'application/scim+json', isKnown);
  if (answer !== undefined && answer.status >= 400) {
    try {
      readErrorDetail(`${question.method} ${question.path}`, answer.status, answer.body);
    } catch (error) {
      if (!(error instanceof OktaRequirementError)) throw error;
      of.world.seen.push(`I16 ${error.message}`);
    }
  }
  return answer;
}

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
  const what = `${method} ${path}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${random.pick(world.cluster.origins)}${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': contentType, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await response.text();
  } catch (error) {
    // A server that is killed answers nothing; one that lives answers in time.
    if (error instanceof Error && error.name === 'TimeoutError')
      world.seen.push(`I16 ${what}: no answer within ${PATIENCE_MS} ms`);
    return undefined;
  }
  const { status, headers: answered } = response;
  const note = (fault: string): void => void world.seen.push(`I16 ${what}: ${status} ${fault}`);
  const ms = Math.round(performance.now() - began);
  if (ms > DUE_MS) note(`after ${ms} ms`);
  if (!isKnown(status)) note(text.slice(0, 200));
  const isOfType = answered.get('content-type')?.includes(type) === true;
  if (text !== '' && !isOfType) note(`is no ${type}: ${text.slice(0, 100)}`);
  if (status === 429 && !/^\d+$/.test(answered.get('retry-after') ?? '')) note('without a Retry-After in seconds');
  const parsed = text === '' || !isOfType ? undefined : parse(text);
  if (parsed === null) note(`is no JSON: ${text.slice(0, 100)}`);
  return { status, body: parsed ?? undefined, requestId: answered.get('x-request-id') ?? '' };
}

/** Null where it is no JSON. */
function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a write came to: a 429 may stand for a COMMIT whose answer was lost, so it says nothing. */
export function verdictOf(answer: Answer | undefined, good: readonly number[]): 'ok' | 'fail' | 'unknown' {
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return 'unknown';
  return good.includes(answer.status) ? 'ok' : 'fail';
}

/** What the ledger keeps of an answer. */
export const toldBy = (answer: Answer | undefined): Pick<Operation, 'status' | 'requestId'> =>
  answer === undefined ? {} : { status: answer.status, requestId: answer.requestId };
