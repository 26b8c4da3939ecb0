import { accountEmail, displayNameOf, type EmailEntry, type NamedUser } from '../directory/account-profile.js';

/** From the least to the most; manager and above may be the default manager (rule 5). */
const ROLES = ['individual', 'manager', 'publisher', 'coach'] as const;
type Role = (typeof ROLES)[number];
export type Status = 'pending' | 'active' | 'suspended' | 'refused';
export type Origin = 'assigned' | 'default' | 'none';

/** A user as asserted, and of the account only what the rules look at and cannot derive. */
export interface ModelUser extends NamedUser {
  readonly id: string;
  readonly externalId: string | null;
  readonly emails: readonly EmailEntry[];
  /** A held account (rule 12) counts as active. */
  readonly status: Status;
  /** As sent; null or blank where none was. */
  readonly managerReference: string | null;
  /** The lower, the older. */
  readonly created: number;
  /** As stored: the role once given or raised, since nothing lowers it. */
  readonly role: Role;
  /** The lower, the longer; null for who is not a coach. */
  readonly coachSince: number | null;
  /** True while the mark of a wait for the manager stands (rule 4). */
  readonly waiting?: boolean;
}

/** What the rules make of one user. */
interface ModelAccount {
  readonly manager: string | null;
  readonly origin: Origin;
  readonly onCircle: boolean;
  readonly team: { readonly managerId: string; readonly name: string } | null;
  readonly role: Role;
}

/** What the rules make of an instance. */
export interface ModelOrganisation {
  readonly defaultManager: string | null;
  readonly accounts: ReadonlyMap<string, ModelAccount>;
  /** By the manager's id; the members in the order of the users given. There is no team without a member. */
  readonly teams: ReadonlyMap<string, { readonly name: string; readonly members: readonly string[] }>;
}

/**
 * Rules 2 to 6 of the provisioning rules as a pure function of the directory: the specification that the SQL is compared
 * with. Whatever the order in which things arrived, the answer is the same, but for the roles: one raised earlier by a
 * report who has left since is part of the input (`role`).
 */
export function applyManagerRules(
  users: readonly ModelUser[],
  explicitDefaultManager: string | null,
): ModelOrganisation {
  // A first report can raise the explicit default manager to a role that makes it the default manager: look again then.
  const decided = decide(users, explicitDefaultManager);
  const raised = users.map((user) => ({ ...user, role: roleOf(user, decided) }));
  const changed = raised.some((user, index) => user.role !== users[index]?.role);
  return changed ? applyManagerRules(raised, explicitDefaultManager) : decided;
}

function decide(users: readonly ModelUser[], explicitDefaultManager: string | null): ModelOrganisation {
  const defaultManager = defaultManagerOf(users, explicitDefaultManager);
  const meant = new Map(users.map((user) => [user.id, resolveReference(user.managerReference, users)]));

  /** The reference of this user as far as it counts: to an active account, and not the default manager's own. */
  const next = (user: ModelUser): ModelUser | undefined => {
    const target = meant.get(user.id);
    return isActive(user) && user !== defaultManager && target && isActive(target) ? target : undefined;
  };

  const isOnCircle = (user: ModelUser): boolean => {
    const seen = new Set<ModelUser>();
    for (let at = next(user); at !== undefined && !seen.has(at); at = next(at)) {
      if (at === user) return true;
      seen.add(at);
    }
    return false;
  };

  const managerOf = (user: ModelUser): { manager: ModelUser | undefined; origin: Origin } => {
    const nobody = { manager: undefined, origin: 'none' } as const;
    if (!isActive(user) || user === defaultManager) return nobody;
    const target = next(user);
    if (target && !isOnCircle(user)) return { manager: target, origin: 'assigned' };
    if (user.waiting === true && meant.get(user.id) === undefined) return nobody;
    return defaultManager ? { manager: defaultManager, origin: 'default' } : nobody;
  };

  const accounts = new Map<string, ModelAccount>();
  const teams = new Map<string, { name: string; members: string[] }>();
  for (const user of users) {
    const { manager, origin } = managerOf(user);
    const team = manager ? { managerId: manager.id, name: displayNameOf(manager) } : null;
    accounts.set(user.id, {
      manager: manager?.id ?? null,
      origin,
      onCircle: isOnCircle(user),
      team,
      role: user.role,
    });
    if (team) {
      const members = teams.get(team.managerId)?.members ?? [];
      teams.set(team.managerId, { name: team.name, members: [...members, user.id] });
    }
  }
  return { defaultManager: defaultManager?.id ?? null, accounts, teams };
}

/**
 * Rule 3: whom a reference means: an active account before any other, then by user id, externalId, userName, e-mail, then
 * the older. A pending account is like nobody (rule 4).
 */
export function resolveReference(reference: string | null, users: readonly ModelUser[]): ModelUser | undefined {
  if (reference === null || reference.trim() === '') return undefined;
  const says = (text: string | null): boolean =>
    text !== null && (reference.includes('@') ? text.toLowerCase() === reference.toLowerCase() : text === reference);
  const ways = [
    (user: ModelUser) => says(user.id),
    (user: ModelUser) => says(user.externalId),
    (user: ModelUser) => says(user.userName),
    (user: ModelUser) => says(accountEmail(user.emails, user.userName)),
  ];
  const oldestFirst = users.toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
  const inactive = (user: ModelUser) => user.status === 'suspended' || user.status === 'refused';
  for (const candidates of [oldestFirst.filter(isActive), oldestFirst.filter(inactive)]) {
    for (const way of ways) {
      const found = candidates.find(way);
      if (found) return found;
    }
  }
  return undefined;
}

/** Rule 5: the one set explicitly while active and manager or above, else the active coach who has been coach longest. */
function defaultManagerOf(users: readonly ModelUser[], explicit: string | null): ModelUser | undefined {
  const chosen = users.find((user) => user.id === explicit);
  if (chosen && isActive(chosen) && chosen.role !== 'individual') return chosen;
  const since = (coach: ModelUser): number => coach.coachSince ?? Number.POSITIVE_INFINITY;
  return users
    .filter((user) => isActive(user) && user.role === 'coach')
    .toSorted((a, b) => since(a) - since(b) || (a.id < b.id ? -1 : 1))[0];
}

/** Rule 6: a manager's first report raises an individual to manager; nothing lowers a role by itself. */
function roleOf(user: ModelUser, decided: ModelOrganisation): Role {
  return user.role === 'individual' && decided.teams.has(user.id) ? 'manager' : user.role;
}

const isActive = (user: ModelUser): boolean => user.status === 'active';
