import { need, readUser, readUserList, type ScimList, type ScimUser } from './okta-answers.js';
import {
  createBody,
  type ManagerPath,
  type OktaProfile,
  overlayBody,
  patchBody,
  randomPassword,
} from './okta-bodies.js';
import { type ConnectionOptions, createOktaConnection, type Exchange } from './okta-connection.js';
import { createOktaGroups, type OktaGroups } from './okta-groups.js';
import { filterQuery, importAll } from './okta-lists.js';
import type { Random } from './random.js';

/** Catalogue apps PATCH `active`; apps made in the App Integration Wizard PUT everything. */
export type ClientFamily = 'OIN' | 'AIW';

export interface OktaClientOptions extends ConnectionOptions {
  readonly family: ClientFamily;
  /** Fixes what varies between bodies. */
  readonly random: Random;
  readonly managerPath?: ManagerPath | undefined;
}

interface Assigned {
  /** The SCIM id, which Okta keeps as its link to the user. */
  readonly id: string;
  /** True where the filter found the user, false where it was created. */
  readonly linked: boolean;
}

/**
 * Okta as a SCIM client. Calls for different people may run at once. All throw `OktaTaskError` where the server refuses and
 * `OktaRequirementError` where it answers what Okta cannot work with.
 */
export interface OktaClient {
  /** Flow 1: the button *Test API Credentials*. */
  testCredentials(): Promise<void>;
  /** Flows 2 and 7: assign a person, for the first time or again; who is found is linked, updated and made active. */
  assign(profile: OktaProfile): Promise<Assigned>;
  /** Flow 3: a changed profile of somebody assigned. */
  pushProfile(profile: OktaProfile): Promise<void>;
  /** Flow 4: somebody is no longer assigned. */
  unassign(profile: OktaProfile): Promise<void>;
  /** Flow 8: a changed password. */
  syncPassword(profile: OktaProfile): Promise<void>;
  /** Flow 12: everybody the server has, page by page. */
  importUsers(): Promise<ScimUser[]>;
  /** Flows 9 to 11. */
  readonly groups: OktaGroups;
  close(): Promise<void>;
}

/** A simulated Okta of one of its two families, for one app at one SCIM endpoint. */
export function createOktaClient(options: OktaClientOptions): OktaClient {
  const { family, random } = options;
  const path = options.managerPath ?? 'value';
  const connection = createOktaConnection(options);
  const links = new Map<string, string>();
  const forks = new Map<string, number>();

  /** Concurrent calls draw from a source each, so that a seed fixes the bodies whatever the timing. */
  const fork = ({ externalId }: OktaProfile): Random => {
    const count = (forks.get(externalId) ?? 0) + 1;
    forks.set(externalId, count);
    return random.fork(`${externalId} ${count}`);
  };

  const listUsers = async (query: string, startIndex: number, about?: string): Promise<ScimList<ScimUser>> => {
    const task = `GET /Users?${query}`;
    const exchange = await connection.send({ method: 'GET', path: `/Users?${query}`, about });
    need(task, exchange.status === 200, `200 for a list, not ${exchange.status}`);
    return readUserList(task, exchange.answer, startIndex);
  };

  const find = async (profile: OktaProfile): Promise<ScimUser | undefined> => {
    const list = await listUsers(filterQuery('userName', profile.userName, fork(profile)), 1, profile.userName);
    const task = `The filter for ${profile.userName}`;
    need(task, list.Resources.length <= 1 && list.totalResults === list.Resources.length, 'one user or none');
    const [found] = list.Resources;
    const isMeant = found === undefined || found.userName.toLowerCase() === profile.userName.toLowerCase();
    need(task, isMeant, `the user of this userName, not ${found?.userName}`);
    return found;
  };

  const get = async (id: string, about: string): Promise<ScimUser> => {
    const user = userIn(await connection.send({ method: 'GET', path: userPath(id), about }), [200]);
    need(`GET ${userPath(id)}`, user.id === id, `the user ${id}, not ${user.id}`);
    return user;
  };

  const put = async (id: string, body: Readonly<Record<string, unknown>>, about: string): Promise<ScimUser> => {
    const user = userIn(await connection.send({ method: 'PUT', path: userPath(id), body, about }), [200]);
    need(`PUT ${userPath(id)}`, user.id === id, `the id to stay ${id}, not to become ${user.id}`);
    need(`PUT ${userPath(id)}`, user.active === body['active'], `active as it was sent, not ${user.active}`);
    return user;
  };

  const patch = async (id: string, value: Readonly<Record<string, unknown>>, about: string): Promise<void> => {
    const exchange = await connection.send({ method: 'PATCH', path: userPath(id), body: patchBody(value), about });
    if (exchange.status === 204) return;
    const user = userIn(exchange, [200]);
    need(`PATCH ${userPath(id)}`, user.id === id, `the user ${id}, not ${user.id}`);
    const isAsSent = value['active'] === undefined || user.active === value['active'];
    need(`PATCH ${userPath(id)}`, isAsSent, `active as it was sent, not ${user.active}`);
  };

  const create = async (profile: OktaProfile): Promise<ScimUser> => {
    const body = createBody(profile, path, fork(profile));
    const exchange = await connection.send({ method: 'POST', path: '/Users', body, about: profile.userName });
    const user = userIn(exchange, [201]);
    const task = `POST /Users (${profile.userName})`;
    need(task, user.userName === profile.userName, `the userName in the case it was sent, not ${user.userName}`);
    need(task, user.externalId === profile.externalId, `the externalId ${profile.externalId} back`);
    need(task, user.active, 'a new user to be active');
    return user;
  };

  const overlay = async (id: string, profile: OktaProfile): Promise<ScimUser> => {
    const source = fork(profile);
    const body = overlayBody(await get(id, profile.userName), profile, path, source);
    // An app integration with password sync sends it inside PUT.
    const password = family === 'AIW' && source.chance(0.1) ? { password: randomPassword(source) } : {};
    return put(id, { ...body, ...password }, profile.userName);
  };

  const setActive = async (id: string, active: boolean, about: string): Promise<void> => {
    if (family === 'OIN') await patch(id, { active }, about);
    else await put(id, { ...(await get(id, about)), active }, about);
  };

  const linkOf = (profile: OktaProfile): string => {
    const id = links.get(profile.externalId);
    if (id === undefined) throw new Error(`${profile.userName} was never assigned.`);
    return id;
  };

  return {
    testCredentials: async () => {
      const list = await listUsers('startIndex=1&count=2', 1);
      need('Test API Credentials', list.Resources.length <= 2, 'at most the two users asked for');
    },
    assign: async (profile) => {
      const found = await find(profile);
      if (found === undefined) {
        const { id } = await create(profile);
        links.set(profile.externalId, id);
        return { id, linked: false };
      }
      links.set(profile.externalId, found.id);
      const updated = await overlay(found.id, profile);
      if (!updated.active) await setActive(found.id, true, profile.userName);
      return { id: found.id, linked: true };
    },
    pushProfile: async (profile) => {
      await overlay(linkOf(profile), profile);
    },
    unassign: (profile) => setActive(linkOf(profile), false, profile.userName),
    syncPassword: async (profile) => {
      const id = linkOf(profile);
      const password = randomPassword(fork(profile));
      if (family === 'OIN') await patch(id, { password }, profile.userName);
      else await put(id, { ...(await get(id, profile.userName)), password }, profile.userName);
    },
    importUsers: () => importAll((query, startIndex) => listUsers(query, startIndex)),
    groups: createOktaGroups(connection, family, random.fork('groups')),
    close: () => connection.close(),
  };
}

const userPath = (id: string): string => `/Users/${encodeURIComponent(id)}`;

function userIn(exchange: Exchange, statuses: readonly number[]): ScimUser {
  const task = `${exchange.method} ${exchange.path}`;
  need(task, statuses.includes(exchange.status), `${statuses.join(' or ')}, not ${exchange.status}`);
  need(task, exchange.answer !== undefined, 'the user in the answer: "Create new user returned empty user"');
  return readUser(task, exchange.answer);
}
