import { UnavailableError } from '../database/errors.js';
import { type RefusalCode, RefusedError } from '../errors.js';
import { ScimError, type ScimErrorCode } from '../scim/protocol/errors.js';

/** A refusal of the admin API (RFC 9457), with a stable code. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  toJSON(): { type: string; status: number; code: string; detail: string } {
    return { type: 'about:blank', status: this.status, code: this.code, detail: this.message };
  }
}

/** 401, with the challenge that RFC 9110 section 11.6.1 asks for. */
export const unauthorized = (): ProblemError =>
  new ProblemError(
    401,
    'unauthorized',
    'The operator token is missing or not valid. Send it as "Authorization: Bearer".',
    {
      'WWW-Authenticate': 'Bearer realm="Roster admin API"',
    },
  );

export const forbidden = (role: string, needed: string): ProblemError =>
  new ProblemError(403, 'forbidden', `This needs an operator token of role ${needed}; this one's role is ${role}.`);

export const notFound = (detail: string): ProblemError => new ProblemError(404, 'not_found', detail);

/** 405, naming the methods that the path does take. */
export const methodNotAllowed = (allowed: readonly string[]): ProblemError =>
  new ProblemError(405, 'method_not_allowed', `This endpoint takes ${allowed.join(', ')} only.`, {
    Allow: allowed.join(', '),
  });

/** 400 that says everything that is wrong with a request at once, each fault with its place. */
export const invalidRequest = (faults: readonly string[]): ProblemError =>
  new ProblemError(400, 'invalid_request', faults.join('; '));

/** The status of each refusal; the test of `docs/errors.md` reads it too. */
export const REFUSAL_STATUS: Readonly<Record<RefusalCode, number>> = {
  user_name_taken: 409,
  not_found: 404,
  instance_exists: 409,
  instance_unknown: 404,
  invalid_slug: 400,
  default_manager_refused: 409,
  token_unknown: 404,
  invalid_token_instance: 400,
  user_deleted: 409,
  user_not_off: 409,
  user_not_settled: 409,
  cursor_too_old: 410,
  invalid_application: 400,
  application_unknown: 404,
  application_secret_needed: 400,
  too_many_secrets: 409,
  last_secret: 409,
  nothing_to_do: 409,
  invalid_import: 400,
  import_staging: 409,
  idempotency_key_reused: 422,
};

/** What the parts that are shared with SCIM (reading a body, checking a userName) refuse, by its name here. */
const SHARED_CODES: Partial<Record<ScimErrorCode, string>> = {
  scim_invalid_syntax: 'invalid_json',
  scim_invalid_value: 'invalid_request',
  scim_payload_too_large: 'payload_too_large',
  scim_unsupported_media_type: 'unsupported_media_type',
};

/** Any error as a problem. What is not known becomes a bare 500. */
export function problemOf(error: unknown, requestId: string): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof RefusedError) return new ProblemError(REFUSAL_STATUS[error.code], error.code, error.message);
  if (error instanceof ScimError) {
    return new ProblemError(error.status, SHARED_CODES[error.code] ?? error.code, error.detail, error.headers);
  }
  if (error instanceof UnavailableError) {
    return new ProblemError(503, error.code, 'PostgreSQL is not available, please try again.', { 'Retry-After': '5' });
  }
  return new ProblemError(500, 'internal', `Something went wrong. Please give this to support: request ${requestId}`);
}
