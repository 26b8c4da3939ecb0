import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket, Server as TcpServer } from 'node:net';
import { boundBodyTime } from './body-time.js';
import { answerUnreadable, refuseWithoutHost } from './unreadable.js';

/** An HTTP server that listens. */
export interface Listening {
  readonly port: number;
  /**
   * Takes no more connections and answers what is asked on those there are, each answer being its connection's last;
   * ends when there are none left, or after so many milliseconds.
   */
  close(graceMs: number): Promise<void>;
}

/**
 * An idle connection's client can't be told that we end, and may be asking at the moment at which it is closed. The longer it was idle the less
 * likely that is: it is left open for a tenth of the time there is, within these bounds.
 */
const IDLE_MS = [300, 2_000] as const;

/** Starts listening. @throws Node's error where the port is taken or not allowed. */
export async function listen(handler: RequestListener, host: string, port: number): Promise<Listening> {
  const connections = new Set<Socket>();
  const underWay = new Set<ServerResponse>();
  let ending = false;
  const server = createServer(
    {
      requestTimeout: 0,
      headersTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      requireHostHeader: false,
    },
    (request, response) => {
      boundBodyTime(server, request);
      underWay.add(response);
      response.once('close', () => underWay.delete(response));
      if (ending) response.setHeader('Connection', 'close');
      if (!refuseWithoutHost(request, response)) handler(request, response);
    },
  );
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  // An expectation that we do not know is let be, as RFC 9110 section 10.1.1 allows; Node would answer 417 without a body.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  answerUnreadable(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async (graceMs) => {
      ending = true;
      for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close');
      await ended(server, connections, graceMs);
    },
  };
}

async function ended(server: Server, connections: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    // Not the HTTP server's own close, which cuts idle connections off at once, and with them requests on their way to us.
    TcpServer.prototype.close.call(server, () => resolve());
  });
  const [least, most] = IDLE_MS;
  const idle = setTimeout(
    () => {
      server.close();
      // One on which nothing was ever said is not idle to Node; browsers and load balancers open such ones ahead of need.
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    },
    Math.min(graceMs, Math.max(least, Math.min(most, graceMs / 10))),
  );
  const late = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(idle);
  clearTimeout(late);
}
