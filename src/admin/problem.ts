import { UnavailableError } from '../database/errors.js';
import { type RefusalCode, RefusedError } from '../errors.js';
import { ScimError } from '../scim/protocol/errors.js';

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

const STATUS: Record<RefusalCode, number> = {
  user_name_taken: 409,
  not_found: 404,
  instance_exists: 409,
  instance_unknown: 404,
  invalid_slug: 400,
  default_manager_refused: 409,
  token_unknown: 404,
  write_conflict: 409,
};

/** Any error as a problem. What is not known becomes a bare 500. */
export function problemOf(error: unknown, requestId: string): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof RefusedError) return new ProblemError(STATUS[error.code], error.code, error.message);
  if (error instanceof ScimError) return new ProblemError(error.status, error.code, error.detail, error.headers);
  if (error instanceof UnavailableError) {
    return new ProblemError(503, error.code, 'PostgreSQL is not available, please try again.', { 'Retry-After': '5' });
  }
  return new ProblemError(500, 'internal', `Something went wrong. Please give this to support: request ${requestId}`);
}
