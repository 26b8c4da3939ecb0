import { Counter, Histogram, type Registry } from 'prom-client';

/** Where a request came in: Okta's side, or the operators'. */
type Surface = 'scim' | 'admin';

/** Counts requests; a note costs its request less than a microsecond. */
export interface RequestMetrics {
  /** @param route the template of the path, never the path itself; undefined where the request reached none */
  note(surface: Surface, route: string | undefined, method: string, status: number, seconds: number): void;
}

/** A method that nobody serves could be anything; a label is to have few values. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** A read takes 0.1 ms and a create 1 ms where all is well; Okta gives up after a minute. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** The metrics of requests: how many, how long they take, and how many went wrong in a way that nobody foresaw. */
export function requestMetrics(registry: Registry): RequestMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'roster_http_requests_total',
    help: 'Requests by surface (scim, admin), template of the route, method and status.',
    labelNames: ['surface', 'route', 'method', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'roster_http_request_duration_seconds',
    help: 'How long requests took.',
    labelNames: ['surface', 'route', 'method'],
    buckets: SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'roster_http_failures_total',
    help: 'Answers with status 500: what Roster did not foresee.',
    labelNames: ['surface'],
    registers,
  });
  // There from the start: the increase of what begins with its first failure would not be seen.
  const failuresOf = { scim: failures.labels('scim'), admin: failures.labels('admin') };
  for (const each of Object.values(failuresOf)) each.inc(0);

  // Labels are looked at once per series; a request finds what to count with under a name of its own.
  const known = new Map<string, (seconds: number) => void>();
  const counterOf = (surface: Surface, route: string, asked: string, status: number) => {
    const method = METHODS.has(asked) ? asked : 'other';
    const request = requests.labels(surface, route, method, String(status));
    const duration = durations.labels(surface, route, method);
    return (seconds: number): void => {
      request.inc();
      duration.observe(seconds);
      if (status === 500) failuresOf[surface].inc();
    };
  };
  return {
    note: (surface, route = 'none', method, status, seconds) => {
      const key = `${surface} ${route} ${method} ${status}`;
      let count = known.get(key);
      if (count === undefined) known.set(key, (count = counterOf(surface, route, method, status)));
      count(seconds);
    },
  };
}
