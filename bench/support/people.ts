import { ENTERPRISE_USER_SCHEMA, USER_SCHEMA } from '../../src/scim/protocol/schema.js';

/** A SCIM User as Okta POSTs it with its usual attribute mappings. */
export interface Person {
  readonly userName: string;
  readonly [attribute: string]: unknown;
}

/** The userName of the n-th of all people. */
export const userNameOf = (n: number): string => `person.number.${n}@bench.example`;

/** The n-th of all people; the same each time. */
export const person = (n: number, manager: string | undefined, title = `Engineer ${n % 40}`): Person => ({
  schemas: [USER_SCHEMA, ENTERPRISE_USER_SCHEMA],
  externalId: `00u${String(n).padStart(17, '0')}`,
  userName: userNameOf(n),
  name: { givenName: `Given${n}`, familyName: `Family${n}` },
  displayName: `Given${n} Family${n}`,
  title,
  emails: [{ primary: true, value: userNameOf(n), type: 'work' }],
  locale: 'en-US',
  groups: [],
  active: true,
  [ENTERPRISE_USER_SCHEMA]: {
    employeeNumber: String(n),
    department: `Department ${n % 25}`,
    ...(manager === undefined ? {} : { manager: { value: manager } }),
  },
});

/** Of so many people the first twentieth manage the others, and are nobody's reports but the default manager's. */
const managerCount = (size: number): number => Math.max(1, Math.floor(size / 20));

/** The n-th person of an organisation of so many. */
export const member = (n: number, size: number, title?: string): Person =>
  person(n, n < managerCount(size) ? undefined : userNameOf(n % managerCount(size)), title);
