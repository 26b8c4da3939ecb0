import type Koa from 'koa';
import type { AppOptions } from '../app.js';
import type { OperatorIdentity, TokenLookup } from '../instances/authenticate-token.js';

export interface AdminOptions extends AppOptions {
  readonly lookup: TokenLookup<OperatorIdentity>;
}

/** The admin API as Koa middleware. */
export const adminEndpoint =
  (_options: AdminOptions): Koa.Middleware =>
  (_context, next) =>
    next();
