import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that does what networks do. */
export interface FaultProxy {
  /** The URL given, but through the proxy. */
  readonly url: string;
  /**
   * `pass`; `refuse` ends all connections and takes none; `blackhole` takes them and lets nothing through either way; `drop` lets
   * nothing through one way; `delay` holds everything back for so many milliseconds, from the first to the second; `cut` ends the connection of the next request that
   * contains this text: before the server has it, or when its answer comes, which it tells.
   */
  set(mode: Mode): void;
  close(): Promise<void>;
}

type Mode =
  | 'pass'
  | 'refuse'
  | 'blackhole'
  | { readonly drop: 'requests' | 'answers' }
  | { readonly delay: readonly [from: number, to: number] }
  | Cut;

interface Cut {
  readonly cut: string;
  /** `answer` unless told otherwise. */
  readonly at?: 'request' | 'answer';
  readonly after: 'pass' | 'refuse';
  readonly told?: () => void;
}

const isCut = (mode: Mode): mode is Cut => typeof mode === 'object' && 'cut' in mode;

/** What sends to a socket whatever the mode lets through that way, in order. */
function lane(to: Socket, way: 'requests' | 'answers'): (chunk: Buffer, mode: Mode) => void {
  const waiting: Buffer[] = [];
  let free = 0;
  return (chunk, mode) => {
    if (mode === 'blackhole' || (typeof mode === 'object' && 'drop' in mode && mode.drop === way)) return;
    const [from, until] = typeof mode === 'object' && 'delay' in mode ? mode.delay : [0, 0];
    const now = performance.now();
    free = Math.max(free, now + from + Math.random() * (until - from));
    if (free <= now && waiting.length === 0) {
      to.write(chunk);
      return;
    }
    // Timers of unequal length may come in another order; each takes the first that waits.
    waiting.push(chunk);
    setTimeout(() => to.write(waiting.shift() ?? ''), free - now);
  };
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function faultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  let mode: Mode = 'pass';
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
    const cut = (done: Cut): void => {
      mode = done.after;
      done.told?.();
      if (mode === 'refuse') for (const socket of sockets) socket.destroy();
      client.resetAndDestroy();
    };
    const send = { requests: lane(upstream, 'requests'), answers: lane(client, 'answers') };
    client.on('data', (chunk) => {
      if (isCut(mode) && chunk.includes(mode.cut)) {
        if (mode.at === 'request') {
          cut(mode);
          return;
        }
        doomed = true;
      }
      send.requests(chunk, mode);
    });
    upstream.on('data', (chunk) => {
      if (!doomed) send.answers(chunk, mode);
      else if (isCut(mode)) cut(mode);
      else client.resetAndDestroy();
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
