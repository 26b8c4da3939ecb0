import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

/** A request as it arrived. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json | undefined;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** As little of a SCIM server as Okta can live with, which a test can make worse. */
export interface PlainServer {
  readonly url: string;
  readonly seen: Seen[];
  readonly users: Map<string, Json>;
  /** Changes an answer before it is sent. */
  tamper: (answer: Answer, request: Seen) => void;
  close(): Promise<void>;
}

const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** A user as such a server has it. */
export const plainUser = (id: string, userName: string, more: Json = {}): Json => ({
  schemas: [CORE],
  id,
  userName,
  active: true,
  name: { givenName: 'Given', familyName: 'Family' },
  emails: [{ value: userName, type: 'work', primary: true }],
  meta: { resourceType: 'User' },
  ...more,
});

export async function startPlainServer(): Promise<PlainServer> {
  const users = new Map<string, Json>();
  const seen: Seen[] = [];
  const http = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const { method = '', url = '', headers } = request;
      const one: Seen = { method, url, headers, body: text === '' ? undefined : JSON.parse(text) };
      seen.push(one);
      const answer: Answer = { ...answerOf(users, one), headers: { 'content-type': 'application/scim+json' } };
      server.tamper(answer, one);
      const { body } = answer;
      response.writeHead(answer.status, answer.headers);
      response.end(
        body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      );
    })();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const server: PlainServer = {
    url: `http://127.0.0.1:${port}/tenant/scim/v2`,
    seen,
    users,
    tamper: () => undefined,
    close: async () => {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
  return server;
}

function answerOf(users: Map<string, Json>, { method, url, body = {} }: Seen): Pick<Answer, 'status' | 'body'> {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const [, id] = /^\/tenant\/scim\/v2\/Users(?:\/(.+))?$/.exec(pathname) ?? [];
  if (method === 'POST') {
    const user = plainUser(`id-${users.size + 1}`, '', { ...body, password: undefined });
    users.set(String(user['id']), user);
    return { status: 201, body: user };
  }
  if (id === undefined) return { status: 200, body: listOf([...users.values()], searchParams) };
  const user = users.get(id);
  if (user === undefined)
    return { status: 404, body: { schemas: [ERROR], status: '404', detail: 'There is no such user.' } };
  const { Operations: operations } = body;
  const patched = Array.isArray(operations) ? Object.assign({}, ...operations.map(({ value }) => value)) : body;
  const now = { ...user, ...(method === 'PUT' ? body : patched), password: undefined };
  users.set(id, now);
  return { status: 200, body: now };
}

function listOf(users: Json[], query: URLSearchParams): Json {
  const [, wanted] = /^userName eq "(.*)"$/.exec(query.get('filter') ?? '') ?? [];
  const found = users.filter(
    ({ userName }) => wanted === undefined || String(userName).toLowerCase() === wanted.toLowerCase(),
  );
  const startIndex = Number(query.get('startIndex'));
  const page = found.slice(startIndex - 1, startIndex - 1 + Number(query.get('count')));
  return { schemas: [LIST], totalResults: found.length, startIndex, itemsPerPage: page.length, Resources: page };
}
