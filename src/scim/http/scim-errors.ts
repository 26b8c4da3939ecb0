import { UnavailableError } from '../../database/errors.js';
import { RefusedError } from '../../errors.js';
import { internalError, ScimError, tooManyRequests, uniqueness } from '../protocol/errors.js';

/** Seconds after which Okta is asked to come back while PostgreSQL is away: 429 is the only answer it retries by itself. */
const RETRY_AFTER_SECONDS = 5;

/** Any error in SCIM's terms. What is not known becomes a bare 500 that says nothing but where to look. */
export function toScimError(error: unknown, requestId: string): ScimError {
  if (error instanceof ScimError) return error;
  if (error instanceof RefusedError && error.code === 'user_name_taken') return uniqueness(error.message);
  if (error instanceof UnavailableError) {
    return tooManyRequests(RETRY_AFTER_SECONDS, 'The directory is not available at the moment, please try again');
  }
  return internalError(`Something went wrong on our side. Please give this to support: request ${requestId}`);
}
