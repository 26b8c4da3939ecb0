import type { OktaProfile } from './okta-bodies.js';
import type { OktaClient } from './okta-client.js';
import type { Random } from './random.js';
import type { PushedGroup } from './session-groups.js';

/** A person as Okta has it, and what of it the app was told. */
export interface Employee {
  /** In Okta. */
  profile: OktaProfile;
  /** As last sent; a profile that changes while unassigned is not sent. */
  sent: OktaProfile | undefined;
  /** The SCIM id. */
  id: string | undefined;
  assigned: boolean;
}

/** What the parts of a session work on. */
export interface World {
  readonly client: OktaClient;
  readonly random: Random;
  readonly domain: string;
  /** Everybody, those assigned last (`late`) included. */
  readonly employees: readonly Employee[];
  readonly late: ReadonlySet<Employee>;
  /** Who is known by another key than before, and how they were known. */
  readonly formerKeys: { readonly employee: Employee; readonly former: OktaProfile }[];
  readonly groups: PushedGroup[];
}

/** Okta's flow 2 or 7. */
export async function assign({ client }: World, employee: Employee): Promise<void> {
  const { id } = await client.assign(employee.profile);
  employee.id = id;
  employee.sent = employee.profile;
  employee.assigned = true;
}

/** Okta's flow 4. */
export async function unassign({ client }: World, employee: Employee): Promise<void> {
  await client.unassign(employee.profile);
  employee.assigned = false;
}

/** Okta's flow 3. */
export async function change({ client }: World, employee: Employee, changes: Partial<OktaProfile>): Promise<void> {
  employee.profile = { ...employee.profile, ...changes };
  await client.pushProfile(employee.profile);
  employee.sent = employee.profile;
}

/** Who is assigned now. */
export const assigned = ({ employees }: World): Employee[] => employees.filter((one) => one.assigned);

/** Those assigned to whom somebody's reference leads. */
export const managers = (world: World): Employee[] => assigned(world).filter((one) => reports(world, one).length > 0);

/** Whose reference is a key of this manager. */
export const reports = ({ employees }: World, manager: Employee): Employee[] =>
  employees.filter((one) => one !== manager && refersTo(one.profile, manager.profile));

/** True where the reference of a person is a key of another. */
export function refersTo({ manager }: OktaProfile, to: OktaProfile): boolean {
  const reference = manager?.reference;
  if (reference === undefined) return false;
  return reference === to.externalId || [to.email, to.userName].some((key) => isSameText(key, reference));
}

/** The same but for case. */
export const isSameText = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** So many of these at random, in another order. */
export const few = ({ random }: World, of: readonly Employee[], count: number): Employee[] =>
  random.shuffled(of).slice(0, count);

/** About this share of these, one at least. */
export const some = (world: World, of: readonly Employee[], share: number): Employee[] =>
  few(world, of, Math.max(1, Math.round(of.length * share)));
