import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { EndpointUrl } from '../../src/application/endpoint-url.js';
import { startFakeApplication } from './fake-application.js';

const messageSchema = z.object({
  type: z.string(),
  data: z.looseObject({
    id: z.string(),
    userName: z.string(),
    status: z.string(),
    title: z.string(),
    displayName: z.string(),
    role: z.string(),
    manager: z.object({ id: z.string(), userName: z.string() }).nullable(),
    version: z.object({ revision: z.number() }),
  }),
});
const testSchema = z.object({ type: z.literal('application.test') });

/** An account as the application was told of it. */
export type ToldAccount = z.infer<typeof messageSchema>['data'];

/** One POST that told of an account. */
interface Call {
  readonly id: string;
  readonly type: string;
  readonly account: ToldAccount;
  readonly body: string;
  readonly at: number;
  /** What it was answered; undefined while, or where, it was not. */
  status: number | undefined;
  /** When it was over: answered, or its connection gone. */
  overAt: number | undefined;
}

/** How an application deals with one POST. */
export interface Answer {
  /** `never` leaves it waiting, `reset` ends its connection. */
  readonly status: number | 'never' | 'reset';
  readonly words?: string;
  readonly retryAfter?: number;
  /** Whether it takes what it is told: unless said otherwise, where it answers with a 2xx. */
  readonly takes?: boolean;
}

/** An application that has what it takes, and keeps a record of what Roster must never do. */
export interface RecordingApplication {
  readonly url: EndpointUrl;
  readonly calls: readonly Call[];
  /** What it has of each user: the newest revision that it took, by id. */
  readonly has: ReadonlyMap<string, ToldAccount>;
  /** Decides upon each POST; 204 unless told otherwise. */
  answer: (call: Call) => Answer | Promise<Answer>;
  /** Ends the connections of all POSTs that it has left waiting. */
  hangUp(): void;
  /** Two calls for one user at once, one out of order, an id with two contents; a line each. */
  readonly faults: readonly string[];
  /** The ids that were sent again though they had been answered with a 2xx: only where that answer was lost. */
  readonly repeated: readonly string[];
  close(): Promise<void>;
}

/** Starts an application that keeps the rules of `docs/webhooks.md`: it ignores what is older than the last it has seen. */
export async function startRecordingApplication(): Promise<RecordingApplication> {
  const calls: Call[] = [];
  const callsOf = new Map<string, Call[]>();
  const has = new Map<string, ToldAccount>();
  const waiting = new Set<ServerResponse>();
  const faults: string[] = [];
  const repeated: string[] = [];
  const fake = await startFakeApplication();

  const take = (account: ToldAccount): void => {
    if ((has.get(account.id)?.version.revision ?? 0) <= account.version.revision) has.set(account.id, account);
  };

  const deal = async (call: Call, response: ServerResponse): Promise<void> => {
    const { status, words = '', retryAfter, takes } = await application.answer(call);
    if (takes ?? (typeof status === 'number' && status < 300)) take(call.account);
    if (status === 'never') {
      waiting.add(response);
      return;
    }
    // Over before Roster can know it, or its next call would seem to come too early.
    call.overAt = performance.now();
    if (status === 'reset') {
      response.destroy();
      return;
    }
    call.status = status;
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }).end(words);
  };

  fake.answer = (response, { headers, body }) => {
    const json: unknown = JSON.parse(body);
    if (testSchema.safeParse(json).success) {
      response.writeHead(204).end();
      return;
    }
    const { type, data } = messageSchema.parse(json);
    const call: Call = {
      id: String(headers['webhook-id']),
      type,
      account: data,
      body,
      at: performance.now(),
      status: undefined,
      overAt: undefined,
    };
    const others = callsOf.get(data.id) ?? [];
    faults.push(...faultsOf(call, others.at(-1), others));
    if (others.some(({ id, status }) => id === call.id && status !== undefined && status < 300)) repeated.push(call.id);
    callsOf.set(data.id, [...others, call]);
    calls.push(call);
    response.on('close', () => {
      call.overAt ??= performance.now();
    });
    void deal(call, response);
  };

  const application: RecordingApplication = {
    url: fake.url,
    calls,
    has,
    answer: () => ({ status: 204 }),
    hangUp: () => {
      for (const response of waiting) response.destroy();
    },
    faults,
    repeated,
    close: () => fake.close(),
  };
  return application;
}

/** What is wrong with a call, given the one before of the same user and all before. */
function faultsOf(call: Call, before: Call | undefined, others: readonly Call[]): string[] {
  const what = `${call.account.userName}, ${call.type} ${call.id}`;
  const same = others.find(({ id }) => id === call.id);
  return [
    ...(before !== undefined && before.overAt === undefined ? [`${what}: while ${before.id} was under way`] : []),
    ...(before !== undefined && before.account.version.revision > call.account.version.revision
      ? [`${what}: after ${before.id}`]
      : []),
    ...(others.some(({ id, account }) => id !== call.id && account.version.revision === call.account.version.revision)
      ? [`${what}: revision ${call.account.version.revision} under another id`]
      : []),
    ...(same !== undefined && same.body !== call.body ? [`${what}: with another content`] : []),
  ];
}
