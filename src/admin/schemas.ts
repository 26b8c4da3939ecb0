import { z } from 'zod';
import { endpointUrlFault, MAX_URL_CHARACTERS } from '../application/endpoint-url.js';
import { ACCOUNT_STATUSES } from '../directory/account-list.js';
import { REASONS, STAGES } from '../directory/progress-list.js';
import { ROLES } from '../directory/roles.js';
import { isId, isInstanceId, isUserId } from '../ids.js';
import { INSTANCE_ACTIONS, USER_ACTIONS } from '../instances/operator-actions.js';
import { MAX_USER_NAME_CHARACTERS } from '../scim/protocol/text.js';
import { MAX_LABEL_CHARACTERS, MAX_REASON_CHARACTERS, textFault } from '../text-fault.js';

/** A text that PostgreSQL can keep and a person can read. */
const text = (max: number) =>
  z
    .string()
    .refine((value) => textFault(value, max) === undefined, { error: ({ input }) => textFault(String(input), max) })
    .meta({ minLength: 1, maxLength: max });

/** Longer ones are refused by their bytes where they are stored. */
const MAX_TEXT = 4_096;

export const instant = z.iso.datetime().meta({ example: '2026-11-24T09:06:00.000Z' });
export const id = z.string().meta({ format: 'uuid' });
export const userName = text(MAX_USER_NAME_CHARACTERS);
export const teamId = z.string().refine(isId, 'must be an id, in lower case').meta({ format: 'uuid' });
export const userId = z.string().refine(isUserId, 'must be an id, in lower case').meta({ format: 'uuid' });
const role = z.enum(ROLES).meta({ id: 'Role' });
export const accountStatus = z.enum(ACCOUNT_STATUSES).meta({ id: 'AccountStatus' });
export const stage = z.enum(STAGES).meta({ id: 'Stage' });
export const reasonCode = z.enum(REASONS).meta({ id: 'Reason', description: 'A stable code, see docs/errors.md' });

export const name = text(MAX_LABEL_CHARACTERS);
const managerWaitSeconds = z
  .number()
  .int()
  .min(0)
  .max(86_400)
  .meta({ description: 'How long a new user waits for a manager who is not there yet' });

const rateLimit = z
  .strictObject({ perSecond: z.number().int().min(1).max(100_000), burst: z.number().int().min(1).max(1_000_000) })
  .nullable()
  .meta({
    description: 'How many requests a second each SCIM token may make, and how many at once; null for any number',
  });

/** Rule 9, as in Okta's own "To App". */
const switches = z.strictObject({
  createUsers: z.boolean().meta({ description: 'off: POST is refused with 403' }),
  updateAttributes: z.boolean().meta({ description: 'off: PUT and PATCH change `active` alone' }),
  deactivateUsers: z.boolean().meta({
    description: 'off: `active: false` is kept and shown, access stays, DELETE is refused; on again it takes effect',
  }),
});
const applicationUrl = z
  .string()
  .refine((value) => endpointUrlFault(value) === undefined, { error: ({ input }) => endpointUrlFault(String(input)) })
  .meta({
    example: 'https://app.example/roster',
    format: 'uri',
    maxLength: MAX_URL_CHARACTERS,
    description:
      'Each change of an account is told there by a signed POST; https, unless private applications are allowed',
  });

const scimRoles = z.boolean().meta({ description: 'Whether the `roles` of SCIM set the roles of accounts' });

/** Rule 12. */
const brake = z
  .strictObject({
    percent: z.number().min(0).max(100),
    minimum: z.number().int().min(0).max(1_000_000),
    windowMinutes: z.number().int().min(1).max(1_440),
  })
  .nullable()
  .meta({
    description:
      'Unassigning more than `minimum` people, and more than `percent` of the active accounts, within the window holds the later ones; null: no brake',
  });

// Instances

export const instance = z
  .strictObject({
    slug: z.string(),
    name: z.string(),
    managerWaitSeconds: z.number().int(),
    rateLimit,
    logBodiesUntil: instant
      .nullable()
      .meta({ description: 'Until when the request log keeps bodies, every value redacted' }),
    switches: switches.meta({ id: 'Switches' }),
    scimRoles,
    brake,
    application: z
      .strictObject({
        url: z.string(),
        secret: z.string().optional().meta({ description: 'Where it was made just now: shown this once' }),
      })
      .nullable(),
    defaultManager: z
      .strictObject({
        id,
        userName: z.string(),
        explicit: z.boolean().meta({ description: 'false for the coach who is it by being coach longest' }),
      })
      .nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Instance' });

const MAX_LOG_BODIES_MS = 24 * 3_600_000;
const logBodiesUntil = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .refine((value) => value.getTime() <= Date.now() + MAX_LOG_BODIES_MS, 'must be within 24 hours from now')
  .nullable()
  .optional()
  .meta({ description: 'Until when the request log keeps redacted bodies, within 24 hours; null: none' });

const settings = {
  name: name.optional(),
  managerWaitSeconds: managerWaitSeconds.optional(),
  rateLimit: rateLimit.optional(),
  logBodiesUntil,
  switches: switches.partial().optional().meta({
    description: 'Those that are named change; the answer takes a second, and what is asked after it goes by them',
  }),
  scimRoles: scimRoles.optional(),
  brake: brake.optional(),
  application: z
    .strictObject({ url: applicationUrl, secret: z.string().max(200).optional() })
    .nullable()
    .optional()
    .meta({
      description: 'Needs the role admin. A secret is made where none is given; another URL needs its own. null: none',
    }),
};
export const instanceSettings = z
  .strictObject({
    ...settings,
    defaultManager: userName
      .nullable()
      .optional()
      .meta({ description: "An active manager's, publisher's or coach's id or e-mail; null: back to the first coach" }),
  })
  .meta({ id: 'InstanceSettings' });

export const newInstance = z
  .strictObject({
    slug: z
      .string()
      .refine(isInstanceId, 'must be 1 to 40 characters of a-z, 0-9 and hyphens, none at either end')
      .meta({ example: 'acme', description: '1 to 40 characters of a-z, 0-9 and inner hyphens; it can never change' }),
    ...settings,
    name,
    coach: z.strictObject({
      userName,
      givenName: text(MAX_TEXT).optional(),
      familyName: text(MAX_TEXT).optional(),
      title: text(MAX_TEXT).optional(),
    }),
  })
  .meta({ id: 'NewInstance' });

export const applicationSecret = z.strictObject({ id, createdAt: instant }).meta({ id: 'ApplicationSecret' });
export const newApplicationSecret = z
  .strictObject({ id, createdAt: instant, secret: z.string().meta({ description: 'whsec_…, shown this once' }) })
  .meta({ id: 'NewApplicationSecret' });
export const reason = text(MAX_REASON_CHARACTERS).meta({ description: 'Why, for the audit log' });
export const userAction = z.strictObject({ action: z.enum(USER_ACTIONS), reason }).meta({ id: 'UserAction' });
export const instanceAction = z
  .strictObject({
    action: z.enum(INSTANCE_ACTIONS).meta({
      description: 'Try all who are stuck again; let whom the brake holds go on, or give them their access back',
    }),
    code: reasonCode.optional().meta({ description: 'retryStuck alone: those of one reason' }),
    reason,
  })
  .refine(({ action, code }) => code === undefined || action === 'retryStuck', {
    path: ['code'],
    error: 'is for retryStuck alone',
  })
  .meta({ id: 'InstanceAction' });
export const acted = z.strictObject({ accounts: z.number().int() }).meta({ id: 'Acted' });

export const resend = z
  .strictObject({ userId: userId.optional().meta({ description: 'Everybody where it is left out' }) })
  .meta({ id: 'Resend' });
export const resent = z.strictObject({ accounts: z.number().int() }).meta({ id: 'Resent' });
export const delivery = z
  .strictObject({
    status: z.number().int().nullable().meta({ description: 'null where there was no answer' }),
    words: z.string().meta({ description: "The application's own, or why it could not be asked" }),
    milliseconds: z.number(),
  })
  .meta({ id: 'Delivery' });

// Accounts, teams, progress

export const account = z
  .strictObject({
    id,
    userName: z.string(),
    displayName: z.string(),
    title: z.string(),
    role,
    status: accountStatus,
    manager: z
      .strictObject({
        id,
        userName: z.string(),
        origin: z
          .enum(['assigned', 'default'])
          .meta({ description: "assigned by the user's own reference, or the instance's default manager" }),
      })
      .nullable(),
    team: z.strictObject({ id, name: z.string() }).nullable(),
    version: z.strictObject({
      asserted: z.number().int().meta({ description: 'The newest version that was asserted' }),
      applied: z.number().int().meta({ description: 'The version that the account was brought to' }),
      revision: z.number().int().meta({ description: 'Grows with every effective change' }),
      announced: z
        .number()
        .int()
        .nullable()
        .meta({ description: 'The revision that the application has; null without an application' }),
    }),
  })
  .meta({ id: 'Account' });

export const accountSettings = z.strictObject({ role }).meta({ id: 'AccountSettings' });

const teamMembers = {
  id,
  name: z.string().meta({ description: "The manager's display name" }),
  manager: z.strictObject({ id, userName: z.string() }),
  memberCount: z.number().int(),
};
export const team = z.strictObject(teamMembers).meta({ id: 'Team' });
export const teamWithMembers = z
  .strictObject({
    ...teamMembers,
    members: z.array(z.strictObject({ id, userName: z.string(), displayName: z.string() })),
    nextCursor: z.string().nullable().meta({ description: 'Where there are more members than shown' }),
  })
  .meta({ id: 'TeamWithMembers' });

export const progress = z
  .strictObject({
    userId: id,
    userName: z.string(),
    stage,
    reason: reasonCode.nullable(),
    message: z.string().nullable(),
    since: instant,
    workflow: z.strictObject({ id: z.string(), url: z.url().meta({ description: 'The run in the Temporal Web UI' }) }),
  })
  .meta({ id: 'Progress' });

const users = z.number().int();
export const health = z
  .strictObject({
    now: z.array(z.strictObject({ stage, count: users })).meta({ description: 'The stages that somebody is in' }),
    samples: z
      .array(z.strictObject({ at: instant, provisioned: users, waiting: users, stuck: users }))
      .meta({ description: 'One a minute over the last hour, the oldest first' }),
  })
  .meta({ id: 'Health' });

// The feed and the audit log

export const feedCursor = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a cursor, which is a whole number')
  .transform(Number)
  .meta({ example: '1042' });

export const moment = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

const person = z.strictObject({ id, userName: z.string() });
/** An account as it is told to the application; without the fields that only operators need. */
const toldAccount = z
  .strictObject({
    id,
    userName: z.string(),
    displayName: z.string(),
    title: z.string(),
    role,
    status: accountStatus,
    manager: person.extend({ origin: z.enum(['assigned', 'default']) }).nullable(),
    team: z.strictObject({ id, name: z.string() }).nullable(),
    version: z.strictObject({ revision: z.number().int() }),
    deleted: z.literal(true).optional().meta({ description: 'The user was deleted, and does not come back' }),
  })
  .meta({ id: 'ToldAccount' });
const EVENT_TYPES = [
  'account.created',
  'account.updated',
  'account.suspended',
  'account.reactivated',
  'team.created',
  'team.renamed',
  'team.removed',
] as const;
export const event = z
  .strictObject({
    cursor: z.string().meta({ description: 'The place in the feed, to go on from' }),
    type: z.enum(EVENT_TYPES),
    at: instant,
    account: toldAccount.optional(),
    team: z.strictObject({ id, name: z.string(), manager: person }).optional(),
  })
  .meta({ id: 'Event' });

export const auditRow = z
  .strictObject({
    position: z.number().int(),
    at: instant,
    actor: z.string().meta({
      description:
        "The token's id as scim:… or operator:…; temporal:… with the name that was given in the Temporal UI, temporal for a run cancelled there; cli; or roster",
    }),
    action: z.string(),
    userId: id.nullable(),
    groupId: id.nullable(),
    version: z.number().int().nullable(),
    changed: z.string().nullable().meta({
      description:
        'The names of the attributes, or of the settings, that it changed, with commas between them; of an erasure, the rows whose notes it took away, as note:<position>',
    }),
    outcome: z.enum(['accepted', 'refused', 'ignored']),
    reason: z.string().nullable().meta({ description: 'Why it was refused or ignored: a stable code' }),
    note: z.string().nullable().meta({ description: "An operator's own reason" }),
    requestId: z.string().nullable(),
    receivedAt: instant.nullable().meta({ description: 'When the request came in' }),
    hash: z.string().meta({ description: 'SHA-256 over the hash of the row before and this row' }),
  })
  .meta({ id: 'AuditRow' });

export const request = z
  .strictObject({
    id,
    at: instant,
    method: z.string(),
    path: z.string().meta({ description: 'With the names of query parameters, without their values' }),
    status: z.number().int(),
    scimType: z.string().nullable(),
    detail: z.string().nullable(),
    milliseconds: z.number(),
    token: z.strictObject({ id, label: z.string() }).nullable(),
    requestId: z.string(),
    userId: id.nullable(),
    body: z.unknown().meta({ description: 'With every value redacted; null unless the instance wants bodies' }),
  })
  .meta({ id: 'Request' });

/** RFC 9457. */
export const problem = z
  .strictObject({
    type: z.literal('about:blank'),
    status: z.number().int(),
    code: z.string().meta({ description: 'A stable code, see docs/errors.md' }),
    detail: z.string(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });
