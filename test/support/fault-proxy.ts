import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy before PostgreSQL that does what networks do. */
export interface FaultProxy {
  /** The URL given, but through the proxy. */
  readonly url: string;
  /**
   * `pass`; `refuse` ends all connections and takes none; `blackhole` takes them and lets nothing through either way;
   * `cut` lets the next request that contains this text reach the server and ends the connection when its answer comes, which it tells.
   */
  set(mode: 'pass' | 'refuse' | 'blackhole' | Cut): void;
  close(): Promise<void>;
}

interface Cut {
  readonly cut: string;
  readonly after: 'pass' | 'refuse';
  readonly told?: () => void;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function faultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  let mode: Parameters<FaultProxy['set']>[0] = 'pass';
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    if (mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    let doomed = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (mode === 'blackhole') return;
      if (typeof mode === 'object' && chunk.includes(mode.cut)) doomed = true;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (mode === 'blackhole') return;
      if (doomed) {
        if (typeof mode === 'object') {
          mode.told?.();
          mode = mode.after;
        }
        if (mode === 'refuse') for (const socket of sockets) socket.destroy();
        client.resetAndDestroy();
        return;
      }
      client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port.');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);

  return {
    url: url.href,
    set: (next) => {
      mode = next;
      if (mode === 'refuse') for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
