import { randomUUID } from 'node:crypto';
import type Koa from 'koa';

/** Names each request, so that an answer, its log line and its audit row can be put together. */
export const requestId: Koa.Middleware = async function requestId(context, next) {
  const id = randomUUID();
  context.state['requestId'] = id;
  context.set('X-Request-Id', id);
  await next();
};
