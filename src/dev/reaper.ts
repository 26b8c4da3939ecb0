import { createInterface } from 'node:readline';

/**
 * A process of its own that outlives its parent for a moment. The parent tells it, a line each, which processes it has
 * started (`+<pid> <signal>`) and which have ended (`-<pid>`). When its input ends, however the parent died, it sends
 * what is left over its signal, and SIGKILL to what has not heeded it after five seconds.
 */
const GRACE_MILLISECONDS = 5_000;
const children = new Map<number, NodeJS.Signals>();

const send = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number.parseInt(line.slice(1), 10);
  if (line.startsWith('+')) children.set(pid, (line.split(' ')[1] ?? 'SIGTERM') as NodeJS.Signals);
  else children.delete(pid);
}

for (const [pid, signal] of children) send(pid, signal);
const end = Date.now() + GRACE_MILLISECONDS;
while (Date.now() < end && [...children.keys()].some((pid) => send(pid, 0))) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
for (const pid of children.keys()) send(pid, 'SIGKILL');
