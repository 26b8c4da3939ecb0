import type { AccountView } from './admin-view.js';
import { applyManagerRules, type ModelUser, type Origin, resolveReference, type Status } from './manager-model.js';
import { type AssertedPerson, modelUserOf } from './session.js';

/** One line of the demo's table. */
export interface DemoRow {
  readonly user: string;
  readonly userName: string;
  readonly status: Status;
  readonly title: string;
  readonly manager: string | null;
  readonly origin: Origin;
  /** Why this manager, or why none. */
  readonly why: string;
  readonly team: string | null;
}

/** What is so, and where it is not as the rules say; no faults means that all is well. */
export interface Verdict {
  readonly rows: readonly DemoRow[];
  readonly faults: readonly string[];
}

/**
 * Holds what the admin API tells of each person against the rules, applied to what Okta asserted last.
 * @param accounts of all those people.
 * @param others whom these people can have as manager, though Okta has not asserted them; their own managers are no matter.
 */
export function judge(
  people: readonly AssertedPerson[],
  accounts: ReadonlyMap<string, AccountView>,
  defaultManager: AccountView | undefined,
  others: readonly ModelUser[],
): Verdict {
  const known = people.map((person, index) => ({
    ...modelUserOf(person, index + 1),
    role: accounts.get(person.id)?.role ?? 'individual',
  }));
  const users = uniqueById([
    ...known,
    ...others,
    ...(defaultManager === undefined ? [] : [modelUserFrom(defaultManager)]),
  ]);
  const rules = applyManagerRules(users, defaultManager?.id ?? null);
  const nameOf = (id: string | null): string | null =>
    id === null ? null : (users.find((user) => user.id === id)?.displayName ?? id);

  const faults: string[] = [];
  const rows = known.map((user, index): DemoRow => {
    const account = accounts.get(user.id);
    const decided = rules.accounts.get(user.id);
    const row: DemoRow = {
      user: user.displayName ?? user.userName,
      userName: user.userName,
      status: account?.status ?? 'pending',
      title: account?.title ?? '',
      manager: account?.manager === undefined ? null : nameOf(account.manager?.id ?? null),
      origin: account?.manager?.origin ?? 'none',
      why: whyOf(user, users, account, defaultManager),
      team: account?.team?.name ?? null,
    };
    const expected = {
      status: user.status,
      title: people[index]?.profile.title ?? '',
      manager: nameOf(decided?.manager ?? null),
      origin: decided?.origin,
      team: decided?.team?.name ?? null,
    };
    for (const field of ['status', 'title', 'manager', 'origin', 'team'] as const) {
      if (row[field] !== expected[field]) {
        faults.push(`${row.user}: ${field} is ${quoted(row[field])}, should be ${quoted(expected[field])}`);
      }
    }
    return row;
  });
  return { rows, faults };
}

/** An account of which only the outcome is known, as the rules see it. */
export const modelUserFrom = ({ id, userName, displayName, status, role }: AccountView): ModelUser => ({
  id,
  externalId: null,
  userName,
  displayName,
  emails: [],
  status,
  managerReference: null,
  created: 0,
  role,
  coachSince: null,
});

/** The first of each id. */
const uniqueById = (users: readonly ModelUser[]): ModelUser[] =>
  users.filter((user, index) => users.findIndex(({ id }) => id === user.id) === index);

function whyOf(
  user: ModelUser,
  users: readonly ModelUser[],
  account: AccountView | undefined,
  defaultManager: AccountView | undefined,
): string {
  const reference = user.managerReference;
  if (account?.status !== 'active') return 'not active';
  if (user.id === defaultManager?.id) return 'is the default manager';
  if (account.manager === null) return defaultManager === undefined ? 'none: there is no default manager' : 'none yet';
  if (account.manager.origin === 'assigned') return `assigned: ${reference}`;
  if (reference === null) return 'by fallback: Okta names nobody';
  const meant = resolveReference(reference, users);
  if (meant === undefined) return `by fallback: nobody is ${reference}`;
  return meant.status === 'active' ? 'by fallback: a circle' : `by fallback: ${meant.displayName} is not active`;
}

const quoted = (value: string | null | undefined): string =>
  value === null || value === undefined ? 'none' : `"${value}"`;
