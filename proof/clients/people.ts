import {
  CORE_USER,
  ENTERPRISE_USER,
  OktaRequirementError,
  readUser,
  readUserList,
  type ScimUser,
} from '../../src/demo/okta-answers.js';
import {
  createBody,
  type Json,
  type OktaProfile,
  overlayBody,
  PATCH_OP,
  patchBody,
} from '../../src/demo/okta-bodies.js';
import type { Random } from '../../src/demo/random.js';
import { type Answer, askScim, verdictOf } from '../ask.js';
import { type Registers, subjectKey } from '../ledger.js';
import { unlike } from '../registers.js';
import { CANARY, type ClientOf, DOMAIN, userNameOf } from '../world.js';
import { think } from './think.js';

const THINK_MS = 400;

/** How a client writes: Okta's two families, and Entra. */
const FAMILIES = ['OIN', 'AIW', 'Entra'] as const;
type Family = (typeof FAMILIES)[number];

/** What is to be written of somebody. */
interface Change {
  readonly title: string;
  readonly manager: string;
  readonly active: boolean;
}

/** What is shown of a person as registers: what was not given is ''. */
export const PERSON_REGISTERS = ['title', 'manager', 'active', 'userName'] as const;

/**
 * Acts for one person until told to stop, as the customer's directory does: mostly one request at a time, and where one was not answered, it looks what is there.
 * `isLent` is somebody whom others create and who is only ever changed here.
 */
export async function actForPerson(of: ClientOf, name: string, isLent = false): Promise<void> {
  const { world, tenant, random } = of;
  const { ledger, signal } = world;
  const family = random.pick(FAMILIES);
  const key = subjectKey({ instance: tenant.instance, subject: name });
  let active = true;
  let etag = '';
  let newest = { id: '', version: 0 };
  let unsure = false;
  let count = 0;
  const title = (): string => `${name} ${++count}${random.chance(0.1) ? ' ß\u{1F600}' : ''}`;
  const manager = (): string => (random.chance(0.1) ? 'nobody' : managerReference(tenant.people, random));
  const change = (): Change => ({ title: title(), manager: manager(), active });
  const path = (): string => `/Users/${tenant.ids.get(name)}`;

  const write = async (
    asserted: Registers,
    method: string,
    to: string,
    body: object | undefined,
    good: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer | undefined> => {
    const kind = `${family} ${method} ${to.split('/')[1]}`;
    const operation = ledger.begin({ instance: tenant.instance, subject: name, kind, asserted });
    const answer = await askScim(of, {
      method,
      path: to,
      ...(body === undefined ? {} : { body }),
      ...(headers === undefined ? {} : { headers }),
    });
    const inner = to === '/Bulk' && answer?.status === 200 ? innerStatus(answer) : answer?.status;
    const outcome = answer === undefined ? 'unknown' : verdictOf({ ...answer, status: inner ?? 500 }, [good]);
    ledger.end(operation, {
      outcome,
      ...(answer === undefined ? {} : { status: inner ?? answer.status, requestId: answer.requestId }),
    });
    if (answer?.status === 404 && !isLent) noteIfThere(`${method} says 404`);
    if (outcome !== 'ok') unsure = true;
    else if (typeof asserted['active'] === 'boolean') active = asserted['active'];
    return outcome === 'ok' ? answer : undefined;
  };

  /** Nobody may be said to be there no more who was created, and surely not deleted. */
  const noteIfThere = (what: string): void => {
    const wrong = unlike(key, ledger.bySubject.get(key) ?? [], undefined, []);
    world.seen.push(...wrong.map((line) => `I15 ${what}: ${line}`));
  };

  /** Each read is held against what was asked and answered so far (I15), where nobody else writes. */
  const seen = (user: ScimUser): ScimUser => {
    const wrong = isLent ? [] : unlike(key, ledger.bySubject.get(key) ?? [], registersOf(user), PERSON_REGISTERS);
    world.seen.push(...wrong.map((line) => `I15 read: ${line}`));
    active = user.active;
    etag = textOf(user.meta['version']);
    const version = Number(/\d+/.exec(etag)?.[0]);
    if (newest.id === user.id && version < newest.version)
      world.seen.push(`I15 ${key} was read in version ${newest.version}, then in ${version}`);
    newest = { id: user.id, version };
    return user;
  };

  const find = async (): Promise<boolean> => {
    const written = random.pick([userNameOf(name), userNameOf(name).toUpperCase()]);
    const filter = encodeURIComponent(`userName eq "${written}"`);
    const answer = await askScim(of, { method: 'GET', path: `/Users?filter=${filter}&startIndex=1&count=100` });
    if (answer?.status !== 200) return false;
    const [found] = readUserList(`the filter for ${name}`, answer.body, 1).Resources;
    if (found === undefined) {
      noteIfThere('filter');
      tenant.ids.delete(name);
    } else tenant.ids.set(name, seen(found).id);
    return true;
  };

  const get = async (): Promise<ScimUser | undefined> => {
    const answer = await askScim(of, { method: 'GET', path: path() });
    if (answer?.status === 404 && !isLent) noteIfThere('GET says 404');
    return answer?.status === 200 ? seen(readUser(`GET ${path()}`, answer.body)) : undefined;
  };

  const create = async (): Promise<void> => {
    const wanted = { ...change(), active: true };
    const given = random.pick([userNameOf(name), userNameOf(name).toUpperCase()]);
    const asserted = { ...wanted, userName: given, exists: true };
    const body = { ...createBody(profileOf(name, wanted, given), 'value', random), password: CANARY };
    const post = () => write(asserted, 'POST', '/Users', family === 'Entra' ? asEntra(body) : body, 201);
    // F16: the same, twice at once; one of them at most is taken.
    const answers = await Promise.all(random.chance(0.2) ? [post(), post()] : [post()]);
    const made = answers.filter((answer) => answer !== undefined);
    if (made.length > 1) world.seen.push(`F16 ${key} was created twice at once`);
    const [answer] = made;
    if (answer === undefined) return;
    tenant.ids.set(name, seen(readUser(`POST ${name}`, answer.body)).id);
    unsure = false;
  };

  /** Flow 3: what the server shows, with the mapped attributes laid over. */
  const overlay = async (wanted: Change, shown?: ScimUser): Promise<void> => {
    const returned = shown ?? (await get());
    if (returned === undefined) {
      unsure = true;
      return;
    }
    const body = overlayBody(returned, profileOf(name, wanted, returned.userName), 'value', random);
    const asserted = {
      title: wanted.title,
      manager: wanted.manager,
      active: wanted.active,
      userName: returned.userName,
    };
    await write(asserted, 'PUT', path(), { ...body, active: wanted.active, password: CANARY }, 200);
  };

  const patch = (asserted: Partial<Change>, headers?: Readonly<Record<string, string>>) =>
    write({ ...asserted }, 'PATCH', path(), patchOf(family, asserted), 200, headers);

  const acts: Readonly<Record<string, () => Promise<unknown>>> = {
    profile: async () =>
      family === 'Entra' ? patch({ title: title(), manager: manager() }) : overlay({ ...change(), active }),
    title: () => patch({ title: title() }),
    active: () =>
      family === 'AIW' ? overlay({ ...change(), active: !active }) : patch({ active: !active, title: title() }),
    // F18: two at once, of which those with one tag can't both be done.
    twoPatches: async () => {
      const tagged = random.chance(0.5) && etag !== '' ? { 'if-match': etag } : undefined;
      const answers = await Promise.all([patch({ title: title() }, tagged), patch({ title: title() }, tagged)]);
      if (tagged !== undefined && answers.every((answer) => answer !== undefined))
        world.seen.push(`F18 two changes of ${key} with the tag ${etag} were both taken`);
    },
    // F17: written back as it was read before something newer was said.
    stalePut: async () => {
      const shown = await get();
      await patch({ title: title() });
      if (shown !== undefined) await overlay({ ...change(), active: shown.active }, shown);
    },
    // F19: off, on and renamed faster than any run.
    burst: async () => {
      await patch({ active: false, title: title() });
      await patch({ active: true, title: title() });
      await patch({ title: title() });
    },
    bulk: () => {
      const asserted = { title: title() };
      const operation = { method: 'PATCH', path: path(), data: patchOf(family, asserted) };
      return write(asserted, 'POST', '/Bulk', { schemas: [BULK], Operations: [operation] }, 200);
    },
    remove: async () => {
      const answer = await write({ exists: false }, 'DELETE', path(), undefined, 204);
      if (answer !== undefined) tenant.ids.delete(name);
    },
  };
  const usual = ['profile', 'profile', 'title', 'active', 'active', 'twoPatches', 'stalePut', 'burst', 'bulk'] as const;
  const lent = ['title', 'profile', 'bulk'] as const;

  const act = async (): Promise<void> => {
    if (unsure || !tenant.ids.has(name)) {
      unsure = !(await find());
      if (!unsure && !tenant.ids.has(name) && !isLent) await create();
    } else await acts[isLent ? random.pick(lent) : random.chance(0.03) ? 'remove' : random.pick(usual)]?.();
  };

  while (!signal.aborted) {
    await act().catch((error: unknown) => {
      if (!(error instanceof OktaRequirementError)) throw error;
      world.seen.push(`I16 ${error.message}`);
    });
    await think(of, THINK_MS);
  }
}

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

/** One of these people, by externalId or by e-mail in some case, or nobody. */
function managerReference(names: readonly string[], random: Random): string {
  const name = random.pick(names);
  return random.pick([name, userNameOf(name), userNameOf(name).toUpperCase()]);
}

const profileOf = (name: string, { title, manager }: Change, userName: string): OktaProfile => ({
  externalId: name,
  userName,
  givenName: 'Given',
  familyName: name,
  email: `${name}@${DOMAIN}`,
  title,
  manager: { reference: manager },
});

/** Entra's texts for truth, and its bare manager. */
function asEntra(body: Json): Json {
  const enterprise = body[ENTERPRISE_USER];
  const manager = isRecord(enterprise) && isRecord(enterprise['manager']) ? enterprise['manager']['value'] : undefined;
  return {
    ...body,
    schemas: [CORE_USER, ENTERPRISE_USER],
    active: 'True',
    ...(manager === undefined ? {} : { [ENTERPRISE_USER]: { manager } }),
  };
}

function patchOf(family: Family, { active, title, manager }: Partial<Change>): Json {
  const known = Object.entries({ active, title }).filter(([, value]) => value !== undefined);
  if (family === 'Entra') {
    const operations = known.map(([path, value]) => ({
      op: 'Replace',
      path,
      value: typeof value === 'boolean' ? (value ? 'True' : 'False') : value,
    }));
    const moved = manager === undefined ? [] : [{ op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: manager }];
    return { schemas: [PATCH_OP], Operations: [...operations, ...moved] };
  }
  return patchBody({
    ...Object.fromEntries(known),
    ...(manager === undefined ? {} : { [ENTERPRISE_USER]: { manager: { value: manager } } }),
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function registersOf(user: ScimUser): Registers {
  const enterprise = user[ENTERPRISE_USER];
  const manager = isRecord(enterprise) && isRecord(enterprise['manager']) ? enterprise['manager']['value'] : '';
  return {
    title: textOf(user['title']),
    manager: textOf(manager),
    active: user.active,
    userName: user.userName,
  };
}

function innerStatus({ body }: Answer): number | undefined {
  const [first] = (body?.['Operations'] ?? []) as { status?: string }[];
  return first?.status === undefined ? undefined : Number(first.status);
}
