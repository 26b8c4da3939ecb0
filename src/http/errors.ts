import type Koa from 'koa';
import { ProblemError, problemOf } from '../admin/problem.js';
import { toScimError } from '../scim/http/scim-errors.js';
import { ScimError, scimErrorBody, unknownEndpoint } from '../scim/protocol/errors.js';
import { SCIM_MEDIA_TYPE } from '../scim/scim-endpoint.js';
import type { Log } from '../telemetry/log.js';

/**
 * The one place where errors become answers: problem+json below `/admin`, SCIM Error JSON everywhere else, whatever layer
 * they come from. Known ones go out; unknown ones become a bare 500 and a log line with the request's id.
 */
export const errorAnswers = (log: Log): Koa.Middleware =>
  async function errorAnswers(context, next) {
    try {
      await next();
      if (context.status === 404 && context.body === undefined) throw unknownEndpoint();
    } catch (error) {
      const requestId = String(context.state['requestId']);
      const isAdmin = context.path.startsWith('/admin/');
      const known = isAdmin ? problemOf(error, requestId) : toScimError(error, requestId);
      // One that was thrown as the answer that it is was foreseen, as the 501 of /Me.
      if (known.status >= 500 && known !== error) log.error({ err: error, requestId }, 'a request failed');
      answer(context, known, requestId);
    }
  };

function answer(context: Koa.Context, error: ScimError | ProblemError, requestId: string): void {
  context.status = error.status;
  context.set({ ...error.headers });
  if (error instanceof ScimError) {
    context.body = JSON.stringify(scimErrorBody(error));
    context.type = SCIM_MEDIA_TYPE;
  } else {
    context.body = JSON.stringify({ ...error.toJSON(), requestId });
    context.type = 'application/problem+json';
  }
}
