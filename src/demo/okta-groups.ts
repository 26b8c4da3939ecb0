import { CORE_GROUP, need, readGroup, readGroupList, type ScimGroup, type ScimList } from './okta-answers.js';
import { type Json, PATCH_OP } from './okta-bodies.js';
import type { ClientFamily } from './okta-client.js';
import type { Exchange, OktaConnection } from './okta-connection.js';
import { filterQuery, importAll } from './okta-lists.js';
import type { Random } from './random.js';

/** Who goes and who comes, as SCIM ids of users. */
interface MemberChange {
  readonly remove: readonly string[];
  readonly add: readonly string[];
}

/**
 * Okta's group push. Catalogue apps PATCH, apps made in the App Integration Wizard PUT the whole group. All throw
 * `OktaTaskError` where the server refuses and `OktaRequirementError` where it answers what Okta cannot work with.
 */
export interface OktaGroups {
  /** Flow 9: looks the group up by its name, links or creates it, and gives it these members. @returns its SCIM id. */
  push(displayName: string, members: readonly string[]): Promise<string>;
  /** Flow 10: who joined and who left since, with the name beside it, as Okta does at each change. */
  change(id: string, displayName: string, change: MemberChange): Promise<void>;
  /** Flow 10: another name. */
  rename(id: string, displayName: string): Promise<void>;
  /** *Push Now*: exactly these, or nobody. */
  pushNow(id: string, displayName: string, members: readonly string[]): Promise<void>;
  /** Flow 11: unlinked, and deleted in the target. */
  unlink(id: string): Promise<void>;
  /** Flow 12. */
  importGroups(): Promise<ScimGroup[]>;
}

/** The groups of a simulated Okta, over the connection of its app. */
export function createOktaGroups(connection: OktaConnection, family: ClientFamily, random: Random): OktaGroups {
  const list = async (query: string, startIndex: number, about?: string): Promise<ScimList<ScimGroup>> => {
    const task = `GET /Groups?${query}`;
    return readGroupList(
      task,
      (await connection.send({ method: 'GET', path: `/Groups?${query}`, about })).answer,
      startIndex,
    );
  };

  const get = async (id: string): Promise<ScimGroup> =>
    groupIn(await connection.send({ method: 'GET', path: groupPath(id) }), id);

  const patch = async (id: string, about: string, operations: readonly Json[]): Promise<void> => {
    const body = { schemas: [PATCH_OP], Operations: operations };
    const exchange = await connection.send({ method: 'PATCH', path: groupPath(id), body, about });
    if (exchange.status !== 204) groupIn(exchange, id);
  };

  const put = async (id: string, displayName: string, members: readonly Json[]): Promise<void> => {
    const body = { schemas: [CORE_GROUP], id, displayName, members };
    const exchange = await connection.send({ method: 'PUT', path: groupPath(id), body, about: displayName });
    const group = groupIn(exchange, id);
    need(`PUT ${groupPath(id)}`, group.displayName === displayName, `the name ${displayName} back`);
  };

  /** Okta sends no type, and a display that may be null. */
  const entries = (ids: readonly string[]): Json[] =>
    ids.map((value) => ({ value, ...random.pick([{}, { display: `${value}@okta.example` }, { display: null }]) }));

  const replaceAll = (id: string, displayName: string, members: readonly string[]): Promise<void> => {
    if (family === 'AIW') return put(id, displayName, entries(members));
    // With a path, as Okta's own samples have it, and without, as it was reported.
    const value = entries(members);
    return patch(id, displayName, [
      random.chance(0.7) ? { op: 'replace', path: 'members', value } : { op: 'replace', value: { members: value } },
    ]);
  };

  return {
    push: async (displayName, members) => {
      const found = await list(filterQuery('displayName', displayName, random), 1, displayName);
      need(`The filter for ${displayName}`, found.Resources.length <= 1, 'one group or none');
      const [linked] = found.Resources;
      const { id } = linked ?? (await create(connection, displayName));
      await get(id);
      await replaceAll(id, displayName, members);
      return id;
    },
    change: async (id, displayName, { remove, add }) => {
      if (family === 'AIW') {
        const left = ((await get(id)).members ?? []).filter(({ value }) => !remove.includes(value));
        return put(id, displayName, [...left, ...entries(add)]);
      }
      return patch(id, displayName, [
        ...remove.map((value) => ({ op: 'remove', path: `members[value eq ${JSON.stringify(value)}]` })),
        ...(add.length === 0 ? [] : [{ op: 'add', path: 'members', value: entries(add) }]),
        renaming(id, displayName),
      ]);
    },
    rename: async (id, displayName) => {
      if (family === 'AIW') return put(id, displayName, (await get(id)).members ?? []);
      return patch(id, displayName, [renaming(id, displayName)]);
    },
    pushNow: replaceAll,
    unlink: async (id) => {
      const { status } = await connection.send({ method: 'DELETE', path: groupPath(id) });
      need(`DELETE ${groupPath(id)}`, status === 204, `204, not ${status}`);
    },
    importGroups: () => importAll(list),
  };
}

/** The id stands in the value too. */
const renaming = (id: string, displayName: string): Json => ({ op: 'replace', value: { id, displayName } });

async function create(connection: OktaConnection, displayName: string): Promise<ScimGroup> {
  const body = { schemas: [CORE_GROUP], displayName, members: [] };
  const exchange = await connection.send({ method: 'POST', path: '/Groups', body, about: displayName });
  need(`POST /Groups (${displayName})`, exchange.status === 201, `201, not ${exchange.status}`);
  return readGroup(`POST /Groups (${displayName})`, exchange.answer);
}

const groupPath = (id: string): string => `/Groups/${encodeURIComponent(id)}`;

function groupIn({ method, path, status, answer }: Exchange, id: string): ScimGroup {
  const task = `${method} ${path}`;
  need(task, status === 200, `200, not ${status}`);
  const group = readGroup(task, answer);
  need(task, group.id === id, `the group ${id}, not ${group.id}`);
  return group;
}
