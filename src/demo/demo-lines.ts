import Table from 'cli-table3';
import type { AccountView, ProgressView } from './admin-view.js';
import type { DemoRow } from './demo-verdict.js';
import type { Exchange } from './okta-connection.js';

/** A request of Okta's and its answer: `POST /Users ada.lane@acme.example → 201 · 12 ms`. */
export function describeExchange({ method, path, about, status, answer, milliseconds }: Exchange): string {
  const readable = decodeURIComponent(path.replaceAll('+', ' ')).replace('&startIndex=1&count=100', '');
  const isFilter = readable.includes('filter=');
  const whom = about === undefined || isFilter ? '' : ` ${about}`;
  const found = isFilter && status === 200 ? `, ${isEmptyList(answer) ? 'nobody' : 'found'}` : '';
  return `${method} ${readable}${whom} → ${status}${found} · ${Math.round(milliseconds)} ms`;
}

const isEmptyList = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'totalResults' in answer && answer.totalResults === 0;

/** What has become of an account, in a line; `accounts` are those whose names are known. */
export function describeAccount(account: AccountView, accounts: ReadonlyMap<string, AccountView>): string {
  const { status, title, manager, team } = account;
  const name = `${nameOf(account)}${title === '' ? '' : `, ${title}`}`;
  if (status !== 'active') return `${name}: ${status}`;
  if (manager === null) return `${name}: active, no manager`;
  const known = accounts.get(manager.id);
  const by = known === undefined ? manager.userName : nameOf(known);
  return `${name}: active, manager ${by} (${originOf(manager.origin)}), team ${team?.name ?? 'none'}`;
}

/** Why an account has not come to rest, as far as the admin API tells. */
export function describeWait(
  account: AccountView,
  progress: ProgressView | undefined,
  reference: string | undefined,
): string {
  const name = nameOf(account);
  if (progress?.stage === 'waiting for manager')
    return `${name} waits for ${reference ?? 'a manager'}: ${progress.workflow.url}`;
  if (progress?.stage === 'stuck') {
    return `${name} is stuck (${progress.reason ?? 'no reason told'}) ${progress.message ?? ''}: ${progress.workflow.url}`;
  }
  return `${name}: version ${account.version.asserted} is asserted, ${account.version.applied} applied`;
}

const nameOf = ({ displayName, userName }: AccountView): string => (displayName === '' ? userName : displayName);

const originOf = (origin: DemoRow['origin']): string => (origin === 'default' ? 'by fallback' : origin);

/** The table that a demo ends with. */
export function demoTable(rows: readonly DemoRow[]): string {
  const table = new Table({
    head: ['user', 'status', 'manager', 'why', 'team'],
    style: { head: [], border: [], compact: true },
  });
  for (const { user, status, manager, why, team } of rows) table.push([user, status, manager ?? '', why, team ?? '']);
  return table.toString();
}
