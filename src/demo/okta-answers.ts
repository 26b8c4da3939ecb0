import { z } from 'zod';

/** The answer is one that Okta cannot work with; the message says which of its requirements is not met. */
export class OktaRequirementError extends Error {
  override readonly name = 'OktaRequirementError';
}

/** The server refused, in a way that Okta understands: the task waits in Okta's dashboard, with this text, for a human. */
export class OktaTaskError extends Error {
  override readonly name = 'OktaTaskError';
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** What the server said to the human. */
  readonly detail: string;

  constructor(task: string, status: number, detail: string) {
    super(`${task} failed: ${status === 0 ? 'no answer' : status}. Errors reported by remote server: ${detail}`);
    this.status = status;
    this.detail = detail;
  }
}

export const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

const text = z.string('must be a string').refine((value) => value.trim() !== '', 'must not be empty');
const integer = z.int('must be an integer, not a string');
const naming = (schema: string) =>
  z.array(z.string(), 'must be an array').refine((schemas) => schemas.includes(schema), `must contain ${schema}`);

/** What every user must have wherever Okta sees one, system accounts included; all else is echoed unread. */
const userSchema = z.looseObject({
  schemas: naming(CORE_USER),
  id: text.refine((id) => !id.toLowerCase().includes('bulkid'), 'must not contain "bulkId" (RFC 7643 section 3.1)'),
  externalId: z.string().nullish(),
  userName: text,
  active: z.boolean('must be a real boolean'),
  name: z.looseObject({ givenName: text, familyName: text }, 'must be an object'),
  emails: z
    .array(z.looseObject({ value: text, primary: z.boolean().optional() }), 'must be an array')
    .min(1, 'must have an entry')
    .refine((emails) => emails.filter(({ primary }) => primary === true).length <= 1, 'must have one primary entry'),
  meta: z.looseObject({ resourceType: z.literal('User', 'must be "User"') }, 'must be an object'),
});

/** A user as the server showed it, unknown members included: Okta writes it back whole. */
export type ScimUser = z.infer<typeof userSchema>;

/** A group's members may be left out or null. */
const groupSchema = z.looseObject({
  schemas: naming(CORE_GROUP),
  id: text,
  displayName: text,
  members: z.array(z.looseObject({ value: text })).nullish(),
  meta: z.looseObject({ resourceType: z.literal('Group', 'must be "Group"') }, 'must be an object'),
});
/** A group as the server showed it. */
export type ScimGroup = z.infer<typeof groupSchema>;

const listOf = <Resource extends z.ZodType>(resource: Resource) =>
  z.looseObject({
    schemas: naming(LIST_RESPONSE),
    totalResults: integer,
    startIndex: integer,
    itemsPerPage: integer,
    Resources: z.array(resource, 'must be an array'),
  });
const userListSchema = listOf(userSchema);
const groupListSchema = listOf(groupSchema);

/** A page of users or groups. */
export interface ScimList<Resource> {
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly Resources: readonly Resource[];
}

const errorSchema = z.looseObject({
  schemas: naming(ERROR),
  status: z.string('must be a string (RFC 7644 section 3.12)'),
  detail: text,
});

/** One user, whole. @param task names the request in the error. @throws OktaRequirementError */
export const readUser = (task: string, body: unknown): ScimUser => read(task, userSchema, body, 'a full User');

/** One group, whole. @throws OktaRequirementError */
export const readGroup = (task: string, body: unknown): ScimGroup => read(task, groupSchema, body, 'a full Group');

/** One page of users, as asked for from `startIndex` on. @throws OktaRequirementError */
export const readUserList = (task: string, body: unknown, startIndex: number): ScimList<ScimUser> =>
  checkPage(task, read(task, userListSchema, body, 'a ListResponse'), startIndex);

/** One page of groups, as asked for from `startIndex` on. @throws OktaRequirementError */
export const readGroupList = (task: string, body: unknown, startIndex: number): ScimList<ScimGroup> =>
  checkPage(task, read(task, groupListSchema, body, 'a ListResponse'), startIndex);

function checkPage<Resource>(task: string, list: ScimList<Resource>, startIndex: number): ScimList<Resource> {
  const { length } = list.Resources;
  need(task, list.startIndex === startIndex, `startIndex ${startIndex} as asked, not ${list.startIndex}`);
  need(task, list.itemsPerPage === length, `itemsPerPage to be the ${length} of this page, not ${list.itemsPerPage}`);
  return list;
}

/**
 * The text for the human in an error answer.
 * @throws OktaRequirementError where it is not SCIM Error JSON whose string `status` is the HTTP status.
 */
export function readErrorDetail(task: string, status: number, body: unknown): string {
  const error = read(task, errorSchema, body, `SCIM Error JSON with status ${status}`);
  need(task, error.status === String(status), `the Error's status to be "${status}", not "${error.status}"`);
  return error.detail;
}

/** @throws OktaRequirementError "… Okta needs <what>" unless `met`. */
export function need(task: string, met: boolean, what: string): asserts met {
  if (!met) throw new OktaRequirementError(`${task}: Okta needs ${what}`);
}

function read<Schema extends z.ZodType>(task: string, schema: Schema, body: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the body'} ${issue.message}`);
  throw new OktaRequirementError(`${task}: Okta needs ${what}: ${faults.join('; ')}`);
}
