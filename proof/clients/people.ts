import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../src/demo/random.js';
import type { InstanceId } from '../src/ids.js';
import type { Asserted, Ledger, Operation } from './ledger.js';

/** Longer than the server lets a request take. */
const PATIENCE_MS = 20_000;
const THINK_MS = 400;
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** One instance as its Okta knows it. */
export interface Tenant {
  readonly instance: InstanceId;
  readonly token: string;
  /** Where servers answer; each request goes to one of them. */
  readonly origins: readonly string[];
}

/** An answer that Okta could not work with, whatever was asked (I16). */
export type WrongAnswer = string;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> | undefined;
  readonly requestId: string;
}

/** Asks once. Undefined where there was no answer. */
async function ask(
  { token, origins }: Tenant,
  random: Random,
  faults: WrongAnswer[],
  method: string,
  path: string,
  body?: object,
): Promise<Answer | undefined> {
  const began = performance.now();
  try {
    const response = await fetch(`${random.pick(origins)}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    const ms = Math.round(performance.now() - began);
    if (ms > 15_000) faults.push(`${method} ${path} took ${ms} ms`);
    const isScim = response.headers.get('content-type')?.startsWith('application/scim+json') === true;
    if (text !== '' && !isScim) faults.push(`${method} ${path}: ${response.status} is no SCIM: ${text.slice(0, 100)}`);
    if (response.status >= 500) faults.push(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
    const requestId = response.headers.get('x-request-id') ?? '';
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), requestId };
  } catch {
    return undefined;
  }
}

/** A person as Okta keeps it. */
interface Person {
  readonly name: string;
  /** Okta's link to the user. */
  id: string | undefined;
  active: boolean;
}

/** Acts for one person until told to stop: one request at a time, as Okta does. */
export async function actForPerson(
  tenant: Tenant,
  name: string,
  others: readonly string[],
  { ledger, random, faults, signal }: { ledger: Ledger; random: Random; faults: WrongAnswer[]; signal: AbortSignal },
): Promise<void> {
  const person: Person = { name, id: undefined, active: true };
  let count = 0;
  const title = (): string => `${name} ${++count}`;
  const send = (method: string, path: string, body?: object) => ask(tenant, random, faults, method, path, body);
  const write = async (
    kind: Operation['kind'],
    asserted: Asserted,
    method: string,
    path: string,
    body: object | undefined,
    good: readonly number[],
  ): Promise<Answer | undefined> => {
    const operation = ledger.begin({ instance: tenant.instance, person: name, kind, asserted });
    const answer = await send(method, path, body);
    const outcome =
      answer === undefined || answer.status >= 500 ? 'unknown' : good.includes(answer.status) ? 'ok' : 'fail';
    ledger.end(operation, {
      outcome,
      ...(answer === undefined ? {} : { status: answer.status, requestId: answer.requestId }),
    });
    return answer;
  };

  /** Finds the user, as Okta does before it creates one and whenever it does not know what became of a request. */
  const find = async (): Promise<void> => {
    const filter = encodeURIComponent(`userName eq "${name}@proof.test"`);
    const answer = await send('GET', `/Users?filter=${filter}&startIndex=1&count=100`);
    if (answer?.status !== 200) return;
    const [found] = (answer.body?.['Resources'] ?? []) as { id: string; active: boolean }[];
    person.id = found?.id;
    person.active = found?.active ?? true;
  };

  const create = async (): Promise<void> => {
    const asserted = { title: title(), active: true, manager: random.pick(others), exists: true };
    const answer = await write('create', asserted, 'POST', '/Users', resource(name, asserted), [201]);
    if (answer?.status === 201) {
      person.id = String(answer.body?.['id']);
      person.active = true;
    }
  };

  const acts: Readonly<Record<string, () => Promise<unknown>>> = {
    title: () => {
      const asserted = { title: title() };
      const body = patch({ title: asserted.title });
      return write('patch', asserted, 'PATCH', `/Users/${person.id}`, body, [200]);
    },
    manager: () => {
      const asserted = { title: title(), manager: random.pick(others) };
      const value = { title: asserted.title, [ENTERPRISE]: { manager: { value: asserted.manager } } };
      return write('patch', asserted, 'PATCH', `/Users/${person.id}`, patch(value), [200]);
    },
    put: () => {
      const asserted = { title: title(), active: person.active, manager: random.pick(others) };
      return write('put', asserted, 'PUT', `/Users/${person.id}`, resource(name, asserted), [200]);
    },
    active: async () => {
      const asserted = { title: title(), active: !person.active };
      const answer = await write('patch', asserted, 'PATCH', `/Users/${person.id}`, patch(asserted), [200]);
      if (answer?.status === 200) person.active = asserted.active;
    },
    remove: async () => {
      const answer = await write('delete', { exists: false }, 'DELETE', `/Users/${person.id}`, undefined, [204]);
      if (answer?.status === 204) person.id = undefined;
    },
  };
  const usual = ['title', 'title', 'manager', 'put', 'active', 'active'] as const;

  while (!signal.aborted) {
    if (person.id === undefined) {
      await find();
      if (person.id === undefined) await create();
    } else {
      const before = ledger.operations.length;
      await acts[random.chance(0.03) ? 'remove' : random.pick(usual)]?.();
      // Whoever is not answered, or refused, looks what is there.
      if (ledger.operations.slice(before).some(({ person: of, outcome }) => of === name && outcome !== 'ok'))
        await find();
    }
    await delay(random.below(THINK_MS), undefined, { signal }).catch(() => undefined);
  }
}

const patch = (value: object): object => ({ schemas: [PATCH_OP], Operations: [{ op: 'replace', value }] });

const resource = (name: string, { title, active, manager }: Asserted): object => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
  userName: `${name}@proof.test`,
  externalId: name,
  name: { givenName: 'Given', familyName: name },
  emails: [{ value: `${name}@proof.test`, type: 'work', primary: true }],
  title,
  active,
  [ENTERPRISE]: { manager: { value: manager } },
});
