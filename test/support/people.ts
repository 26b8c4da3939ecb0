import assert from 'node:assert/strict';
import { ENTERPRISE_USER_SCHEMA } from '../../src/scim/protocol/schema.js';
import { scim } from './http.js';
import type { TestRoster } from './roster.js';

/** Assigns somebody in Okta: creates the SCIM user. @returns the id */
export async function assign(
  roster: TestRoster,
  userName: string,
  { manager, ...attributes }: { manager?: string; externalId?: string; displayName?: string } = {},
): Promise<string> {
  const { status, body, text } = await scim(roster, 'POST', '/Users', {
    userName,
    ...attributes,
    ...(manager === undefined ? {} : { [ENTERPRISE_USER_SCHEMA]: { manager: { value: manager } } }),
  });
  assert.equal(status, 201, text);
  return String(body?.['id']);
}

/** Switches somebody's access, as Okta does. */
export async function setActive(roster: TestRoster, id: string, active: boolean): Promise<void> {
  const { status, text } = await scim(roster, 'PATCH', `/Users/${id}`, {
    Operations: [{ op: 'replace', value: { active } }],
  });
  assert.equal(status, 200, text);
}

/** What is so of an account, with names for ids. */
export interface AccountNow {
  readonly status: string;
  readonly manager: string | null;
  readonly origin: string;
  readonly team: string | null;
  readonly stage: string | null;
}

/** One account as it is at this moment. */
export async function accountNow(roster: TestRoster, id: string): Promise<AccountNow> {
  const { rows } = await roster.pool.query<AccountNow>(
    `select a.status, m.user_name as manager, a.origin, t.name as team, p.stage
     from accounts a
     left join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
     left join teams t on t.instance_id = a.instance_id and t.id = a.team_id
     left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
     where a.instance_id = $1 and a.id = $2`,
    [roster.instance, id],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`There is no account ${id}.`);
  return row;
}
