import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDeliverer } from '../../src/application/deliver.js';
import { type EndpointUrl, endpointUrl } from '../../src/application/endpoint-url.js';
import type { WebhookHeaders } from '../../src/application/signature.js';
import { testApplication } from '../../src/instances/application.js';
import { setInstance } from '../../src/instances/instances.js';
import { BY_TEST, type TestRoster } from './roster.js';

/** What an application was told. */
interface Told {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A customer's application that does what a test wants it to. */
export interface FakeApplication {
  readonly url: EndpointUrl;
  readonly told: Told[];
  /** Answers; 204 unless told otherwise. */
  answer: (response: ServerResponse, told: Told) => void;
  close(): Promise<void>;
}

export async function startFakeApplication(): Promise<FakeApplication> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString() };
      told.push(one);
      application.answer(response, one);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const application: FakeApplication = {
    url: endpointUrl(`http://127.0.0.1:${port}/roster`, true),
    told,
    answer: (response) => response.writeHead(204).end(),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return application;
}

/** Has an instance tell this application, which answers it once: until a 2xx no answer counts as a refusal. */
export async function connectApplication(of: Pick<TestRoster, 'pool' | 'instance'>, url: EndpointUrl): Promise<void> {
  await setInstance(of.pool, of.instance, { application: { url } }, BY_TEST);
  await proveApplication(of);
}

/** Has the application of an instance answer once. */
export async function proveApplication({ pool, instance }: Pick<TestRoster, 'pool' | 'instance'>): Promise<void> {
  const deliverer = createDeliverer({ allowPrivate: true });
  await testApplication(pool, deliverer, instance);
  await deliverer.close();
}

/** The headers that sign a POST, of those that came with it. */
export const webhookHeaders = (headers: IncomingHttpHeaders): WebhookHeaders => ({
  'webhook-id': String(headers['webhook-id']),
  'webhook-timestamp': String(headers['webhook-timestamp']),
  'webhook-signature': String(headers['webhook-signature']),
});
