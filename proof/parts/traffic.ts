import { atRate } from '../../bench/support/arrivals.js';
import { person } from '../../bench/support/people.js';
import { quantile } from '../../bench/support/statistics.js';
import { patchBody } from '../../src/demo/okta-bodies.js';

/** One instance that traffic goes to. */
export interface Target {
  readonly token: string;
}

/** What came of the traffic. Times are milliseconds. */
export interface Traffic {
  readonly requests: number;
  /** What was not answered, or with a 5xx or a 429; a line each. */
  readonly failed: readonly string[];
  /** Of each kind of request. */
  readonly times: Readonly<Record<Kind, readonly number[]>>;
}

const KINDS = ['filter', 'create', 'get', 'patch', 'deactivate'] as const;
type Kind = (typeof KINDS)[number];

/** People come so many times a second (an open model), each as Okta assigns somebody: looked for, created, read, changed, and some unassigned. */
export async function bringPeople(
  origins: readonly string[],
  targets: readonly Target[],
  options: { readonly perSecond: number; readonly seconds: number; readonly from: number },
): Promise<Traffic> {
  const failed: string[] = [];
  const times: Record<Kind, number[]> = { filter: [], create: [], get: [], patch: [], deactivate: [] };
  let requests = 0;
  await atRate(options.perSecond, options.seconds, async (n) => {
    const target = targets[n % targets.length];
    if (target === undefined) return;
    const someone = person(options.from + n, undefined);
    const ask = async (kind: Kind, method: string, path: string, body?: object): Promise<string> => {
      requests += 1;
      const began = performance.now();
      const { status, text } = await request(origins, requests, target.token, method, path, body);
      times[kind].push(performance.now() - began);
      if (status < 200 || status >= 300) failed.push(`${method} ${path}: ${status} ${text.slice(0, 200)}`);
      return text;
    };
    await ask('filter', 'GET', `/Users?filter=${encodeURIComponent(`userName eq "${someone.userName}"`)}&count=100`);
    const id = /"id":"([^"]+)"/.exec(await ask('create', 'POST', '/Users', someone))?.[1];
    if (id === undefined) return;
    await ask('get', 'GET', `/Users/${id}`);
    await ask('patch', 'PATCH', `/Users/${id}`, patchBody({ title: `Title ${n}` }));
    if (n % 5 === 0) await ask('deactivate', 'PATCH', `/Users/${id}`, patchBody({ active: false }));
  });
  return { requests, failed, times };
}

/** Asks a server, and another one where nobody listens: as any load balancer does. */
async function request(
  origins: readonly string[],
  turn: number,
  token: string,
  method: string,
  path: string,
  body: object | undefined,
): Promise<{ status: number; text: string }> {
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await fetch(`${origins[(turn + tries) % origins.length]}/scim/v2${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(error);
      if (code !== 'ECONNREFUSED' || tries > origins.length) return { status: 0, text: code };
    }
  }
}

/** `p50 4.1, p95 9.3, p99 20.0 ms` */
export const describeTimes = (times: readonly number[]): string =>
  `p50 ${quantile(times, 0.5).toFixed(1)}, p95 ${quantile(times, 0.95).toFixed(1)}, p99 ${quantile(times, 0.99).toFixed(1)} ms`;
