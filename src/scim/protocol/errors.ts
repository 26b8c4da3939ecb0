/** The detail codes of RFC 7644 section 3.12, table 9. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidVers'
  /** RFC 9865. */
  | 'invalidCursor'
  | 'sensitive';

interface ErrorKind {
  readonly status: number;
  readonly scimType?: ScimType;
}

/** Every refusal the SCIM surface knows: the stable code of `docs/errors.md`, its HTTP status, its `scimType` if the RFC has one. */
export const errorKinds = {
  scim_invalid_filter: { status: 400, scimType: 'invalidFilter' },
  scim_invalid_path: { status: 400, scimType: 'invalidPath' },
  scim_invalid_value: { status: 400, scimType: 'invalidValue' },
  scim_invalid_syntax: { status: 400, scimType: 'invalidSyntax' },
  scim_invalid_cursor: { status: 400, scimType: 'invalidCursor' },
  scim_no_target: { status: 400, scimType: 'noTarget' },
  scim_mutability: { status: 400, scimType: 'mutability' },
  scim_unauthorized: { status: 401 },
  scim_forbidden: { status: 403 },
  scim_create_users_off: { status: 403 },
  scim_deactivate_users_off: { status: 403 },
  scim_not_found: { status: 404 },
  scim_method_not_allowed: { status: 405 },
  scim_request_timeout: { status: 408 },
  scim_uniqueness: { status: 409, scimType: 'uniqueness' },
  scim_conflict: { status: 409 },
  scim_precondition_failed: { status: 412 },
  scim_payload_too_large: { status: 413 },
  scim_too_costly: { status: 400, scimType: 'tooMany' },
  scim_too_many: { status: 413, scimType: 'tooMany' },
  scim_unsupported_media_type: { status: 415 },
  scim_too_many_requests: { status: 429 },
  scim_headers_too_large: { status: 431 },
  scim_internal: { status: 500 },
  scim_not_implemented: { status: 501 },
} as const satisfies Record<string, ErrorKind>;

/** A stable error code, documented in `docs/errors.md`. */
export type ScimErrorCode = keyof typeof errorKinds;

/** A refusal in SCIM's terms. Its `detail` is shown to the client as it stands, so it names attributes, never values. */
export class ScimError extends Error {
  override readonly name = 'ScimError';
  readonly code: ScimErrorCode;
  readonly status: number;
  readonly scimType?: ScimType;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;

  constructor(code: ScimErrorCode, detail: string, headers?: Readonly<Record<string, string>>) {
    super(detail);
    const kind: ErrorKind = errorKinds[code];
    this.code = code;
    this.status = kind.status;
    this.detail = detail;
    if (kind.scimType) this.scimType = kind.scimType;
    if (headers) this.headers = headers;
  }
}

export const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** The body of an error answer (RFC 7644 section 3.12). */
export interface ScimErrorBody {
  schemas: [typeof ERROR_SCHEMA];
  status: string;
  scimType?: ScimType;
  detail: string;
}

/** The SCIM Error JSON for an error; `status` is a string, as the RFC has it. */
export function scimErrorBody(error: ScimError): ScimErrorBody {
  return {
    schemas: [ERROR_SCHEMA],
    status: String(error.status),
    ...(error.scimType && { scimType: error.scimType }),
    detail: error.detail,
  };
}

const refusal = (code: ScimErrorCode) => (detail: string) => new ScimError(code, detail);

export const invalidFilter = refusal('scim_invalid_filter');
export const invalidPath = refusal('scim_invalid_path');
export const invalidValue = refusal('scim_invalid_value');
export const invalidSyntax = refusal('scim_invalid_syntax');
export const invalidCursor = refusal('scim_invalid_cursor');
export const preconditionFailed = refusal('scim_precondition_failed');
export const noTarget = refusal('scim_no_target');
export const mutability = refusal('scim_mutability');
export const uniqueness = refusal('scim_uniqueness');
/** 403 for what a switch of the instance keeps from happening (rule 9); Okta's administrator reads the detail. */
export const createUsersOff = (): ScimError =>
  new ScimError('scim_create_users_off', switchedOff('creates no users from Okta', 'createUsers'));
export const deactivateUsersOff = (): ScimError =>
  new ScimError('scim_deactivate_users_off', switchedOff('neither deactivates nor deletes users', 'deactivateUsers'));
const switchedOff = (what: string, name: string): string =>
  `This instance ${what}: its switch ${name} is off. Whoever runs the application can switch it on.`;

export const conflict = refusal('scim_conflict');
export const notImplemented = refusal('scim_not_implemented');
export const tooMany = refusal('scim_too_many');
export const tooCostly = refusal('scim_too_costly');
export const forbidden = refusal('scim_forbidden');
export const payloadTooLarge = refusal('scim_payload_too_large');
export const unsupportedMediaType = refusal('scim_unsupported_media_type');
export const internalError = refusal('scim_internal');

/** 404 for a resource id of whatever shape; the id is the client's own, so it may be said back. */
export const notFound = (id: string): ScimError => new ScimError('scim_not_found', `Resource ${id} not found`);

/** 404 for a path that leads nowhere. */
export const unknownEndpoint = (): ScimError => new ScimError('scim_not_found', 'There is no such SCIM endpoint');

/** 401, with the challenge that RFC 9110 section 11.6.1 asks for. */
export const unauthorized = (detail = 'The token is missing or not valid'): ScimError =>
  new ScimError('scim_unauthorized', detail, { 'WWW-Authenticate': 'Bearer realm="SCIM", Basic realm="SCIM"' });

/** 405, naming the methods that the path does take. */
export const methodNotAllowed = (allowed: readonly string[]): ScimError =>
  new ScimError('scim_method_not_allowed', `This endpoint takes ${allowed.join(', ')} only`, {
    Allow: allowed.join(', '),
  });

/** 429: the one answer that Okta retries by itself, and only if `Retry-After` is a whole number of seconds. */
export const tooManyRequests = (
  retryAfterSeconds: number,
  detail = 'Too many requests, please try again later',
): ScimError =>
  new ScimError('scim_too_many_requests', detail, {
    'Retry-After': String(Math.max(1, Math.ceil(retryAfterSeconds))),
  });
