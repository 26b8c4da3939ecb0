import { ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA } from '../../src/scim/protocol/schema.js';
import type { Load } from './load.js';
import { member, person, userNameOf } from './people.js';

/** One request of a round. */
export interface BenchRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: string;
}

const USERS = '/scim/v2/Users';
const GROUPS = '/scim/v2/Groups';
export const PAGE = 100;
/** People in one Bulk request, which is as many as Roster takes. */
export const BULK = 1_000;
/** People in a group. */
const GROUP = 1_000;
/** Prime, so that every step through the people meets everybody, far apart. */
const STRIDE = 7_919;

/**
 * The requests of one connection, without end: no two connections ever write the same person at the same time, and who is
 * asked for is spread over all people.
 * @param lane counts the connections from 0.
 */
export function requestsOf(load: Load, lane: number): (step: number) => BenchRequest {
  const { work, ids, from, connections } = load;
  const size = ids.length;
  const at = (turn: number): number => ((turn * connections + lane) * STRIDE) % size;
  const one = (n: number): string => `${USERS}/${ids[n] ?? ''}`;
  switch (work) {
    case 'create':
      return (step) => {
        const n = from + step * connections + lane;
        return { method: 'POST', path: USERS, body: JSON.stringify(person(n, userNameOf(at(step)))) };
      };
    case 'filter':
      return (step) => {
        const filter = encodeURIComponent(`userName eq "${userNameOf(at(step))}"`);
        return { method: 'GET', path: `${USERS}?filter=${filter}&startIndex=1&count=100` };
      };
    case 'get':
      return (step) => ({ method: 'GET', path: one(at(step)) });
    case 'patch':
      // Off and on again, one after the other.
      return (step) => ({ method: 'PATCH', path: one(at(step >> 1)), body: step % 2 === 0 ? OFF : ON });
    case 'put':
      return (step) => {
        const n = at(step);
        return { method: 'PUT', path: one(n), body: JSON.stringify(member(n, size, `Title ${from}.${step}`)) };
      };
    case 'first page':
      return () => page(1);
    case 'deep page': {
      // The last fifth of the list, page by page.
      const pages = Math.max(1, Math.floor(size / 5 / PAGE));
      return (step) => page(size - (pages - (step % pages)) * PAGE + 1);
    }
    case 'bulk':
      return (step) => {
        const first = from + (step * connections + lane) * BULK;
        const Operations = Array.from({ length: BULK }, (_, n) => ({
          method: 'POST',
          path: '/Users',
          bulkId: `${n}`,
          data: person(first + n, userNameOf(at(n))),
        }));
        return { method: 'POST', path: '/scim/v2/Bulk', body: JSON.stringify({ schemas: [BULK_REQUEST], Operations }) };
      };
    case 'group patch': {
      const id = load.groups[lane] ?? '';
      // Somebody leaves and comes back, with the name beside it each time.
      return (step) => {
        const value = ids[(step >> 1) % GROUP] ?? '';
        const change =
          step % 2 === 0
            ? { op: 'remove', path: `members[value eq "${value}"]` }
            : { op: 'add', path: 'members', value: [{ value }] };
        const Operations = [change, { op: 'replace', value: { id, displayName: `Group ${lane}` } }];
        return { method: 'PATCH', path: `${GROUPS}/${id}`, body: JSON.stringify({ schemas: [PATCH_OP], Operations }) };
      };
    }
    default:
      throw new RangeError('Cursors come from the server.');
  }
}

const page = (startIndex: number): BenchRequest => ({
  method: 'GET',
  path: `${USERS}?startIndex=${startIndex}&count=${PAGE}`,
});

/** A page by its cursor; without one the first (RFC 9865). */
export const cursorPage = (cursor: string, count = PAGE): BenchRequest => ({
  method: 'GET',
  path: `${USERS}?cursor=${encodeURIComponent(cursor)}&count=${count}`,
});

/** What makes a group of the first people. */
export const groupOf = (ids: readonly string[], lane: number): BenchRequest => ({
  method: 'POST',
  path: GROUPS,
  body: JSON.stringify({
    schemas: [GROUP_SCHEMA],
    displayName: `Group ${lane}`,
    members: ids.slice(0, GROUP).map((value) => ({ value })),
  }),
});

const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

const patchBody = (active: boolean): string =>
  JSON.stringify({ schemas: [PATCH_OP], Operations: [{ op: 'replace', value: { active } }] });
const OFF = patchBody(false);
const ON = patchBody(true);

/**
 * Holds an answer against what was asked for, so that no server is fast by doing something else.
 * @throws Error that says what is wrong.
 */
export function check({ work }: Load, request: BenchRequest, status: number, text: string): void {
  if (status !== (work === 'create' ? 201 : 200)) throw new Error(`it answered ${status}: ${text.slice(0, 160)}`);
  const body = JSON.parse(text) as Record<string, unknown>;
  if (work === 'group patch') return checkGroup(body);
  if (work === 'bulk') return checkBulk(body);
  const list = body['Resources'];
  const shown = Array.isArray(list) ? (list as unknown[]) : [body];
  const wanted = work === 'deep page' || work === 'first page' || work === 'deep cursor' ? PAGE : 1;
  if (shown.length !== wanted) throw new Error(`it answered ${shown.length} people instead of ${wanted}`);
  for (const [name, value] of Object.entries(said(request))) {
    if (JSON.stringify(body[name]) !== JSON.stringify(value)) throw new Error(`it answered another ${name}`);
  }
  // Not the first one: a list begins with the first coach.
  if (!JSON.stringify(shown.at(-1)).includes(ENTERPRISE_USER_SCHEMA)) throw new Error('it answered no whole person');
}

function checkGroup({ members }: Record<string, unknown>): void {
  const count = Array.isArray(members) ? members.length : 0;
  if (Math.abs(count - GROUP) > GROUP / 50) throw new Error(`it answered a group of ${count}`);
}

function checkBulk({ Operations: outcomes }: Record<string, unknown>): void {
  const created = (outcomes as { status: string }[]).filter(({ status }) => status === '201').length;
  if (created !== BULK) throw new Error(`it created ${created} of ${BULK} people`);
}

/** What of a request must be found in its answer. */
function said({ method, body }: BenchRequest): Record<string, unknown> {
  if (body === undefined) return {};
  const sent = JSON.parse(body) as { Operations?: [{ value: { active: boolean } }]; title?: string; userName?: string };
  if (method === 'PATCH') return { active: sent.Operations?.[0].value.active };
  return { title: sent.title, userName: sent.userName };
}
