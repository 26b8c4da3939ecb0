import type pg from 'pg';
import type { z } from 'zod';
import {
  issueOperatorToken,
  listOperatorTokens,
  type OperatorTokenInfo,
  revokeOperatorToken,
} from '../instances/operator-tokens.js';
import { issueScimToken, listScimTokens, revokeScimToken, rotateScimToken } from '../instances/scim-tokens.js';
import { type IssuedToken, type TokenInfo } from '../instances/token.js';
import { listOf, wholeList } from './page.js';
import { type AdminRoute, fromBody, instanceRoute, nothing, route } from './route.js';
import * as schemas from './token-schemas.js';

export interface TokenRoutesOptions {
  readonly pool: pg.Pool;
  /** Key of the token digests. */
  readonly secret: string;
}

/** `/instances/{slug}/tokens`: the SCIM tokens of an instance. */
export function scimTokenRoutes({ pool, secret }: TokenRoutesOptions): AdminRoute[] {
  return [
    instanceRoute({
      name: 'listScimTokens',
      summary: 'Every SCIM token of an instance, revoked ones too, oldest first; never a secret',
      method: 'GET',
      path: '/instances/{slug}/tokens',
      role: 'viewer',
      input: nothing,
      status: 200,
      answer: listOf(schemas.scimToken),
      handle: async ({ instance }) => wholeList((await listScimTokens(pool, instance)).map(presentToken)),
    }),
    instanceRoute({
      name: 'issueScimToken',
      summary: 'Issue a SCIM token, whose secret is shown this once; several may be valid at once',
      method: 'POST',
      path: '/instances/{slug}/tokens',
      audited: 'token.issue',
      role: 'operator',
      input: fromBody(schemas.newScimToken),
      status: 201,
      answer: schemas.issuedScimToken,
      handle: async ({ instance, input, by }) =>
        presentIssued(await issueScimToken(pool, secret, instance, withoutUndefined(input), by)),
    }),
    instanceRoute({
      name: 'rotateScimToken',
      summary: 'Issue a successor of a good SCIM token; the old one stays good for a while, so that there is no gap',
      method: 'POST',
      path: '/instances/{slug}/tokens/{id}/rotate',
      audited: 'token.rotate',
      role: 'operator',
      input: fromBody(schemas.tokenRotation),
      status: 201,
      answer: schemas.issuedScimToken,
      handle: async ({ instance, id, input, by }) =>
        presentIssued(await rotateScimToken(pool, secret, instance, id, input.overlapHours * 3_600, by)),
    }),
    instanceRoute({
      name: 'revokeScimToken',
      summary: 'Revoke a SCIM token; holds everywhere within a second',
      method: 'DELETE',
      path: '/instances/{slug}/tokens/{id}',
      audited: 'token.revoke',
      role: 'operator',
      input: nothing,
      status: 204,
      handle: async ({ instance, id, by }) => revokeScimToken(pool, instance, id, by),
    }),
  ];
}

/** `/operator-tokens`: who may use this API; `/token`: who asks. */
export function operatorTokenRoutes({ pool, secret }: TokenRoutesOptions): AdminRoute[] {
  return [
    route({
      name: 'getOwnToken',
      summary: 'The token that this is asked with: its id and its role',
      method: 'GET',
      path: '/token',
      role: 'viewer',
      input: nothing,
      status: 200,
      answer: schemas.ownToken,
      handle: async ({ by, role }) => ({ id: by.actor.replace('operator:', ''), role }),
    }),
    route({
      name: 'listOperatorTokens',
      summary: 'Every operator token, revoked ones too, oldest first; never a secret',
      method: 'GET',
      path: '/operator-tokens',
      role: 'admin',
      input: nothing,
      status: 200,
      answer: listOf(schemas.operatorToken),
      handle: async () =>
        wholeList((await listOperatorTokens(pool)).map((token) => ({ ...presentToken(token), ...presentRole(token) }))),
    }),
    route({
      name: 'issueOperatorToken',
      summary: 'Issue an operator token, whose secret is shown this once',
      method: 'POST',
      path: '/operator-tokens',
      audited: 'operator-token.issue',
      role: 'admin',
      input: fromBody(schemas.newOperatorToken),
      status: 201,
      answer: schemas.issuedOperatorToken,
      missing: 'There is no such instance.',
      handle: async ({ input, by }) => {
        const { role, instance } = input;
        const token = await issueOperatorToken(pool, secret, { ...withoutUndefined(input), role, instance }, by);
        return { ...presentIssued(token), ...presentRole(token) };
      },
    }),
    route({
      name: 'revokeOperatorToken',
      summary: 'Revoke an operator token; holds everywhere within a second',
      method: 'DELETE',
      path: '/operator-tokens/{id}',
      audited: 'operator-token.revoke',
      role: 'admin',
      input: nothing,
      status: 204,
      handle: ({ id, by }) => revokeOperatorToken(pool, id, by),
    }),
  ];
}

/** Not given is not the same as null, which means never. */
const withoutUndefined = ({ label, expiresAt }: { label: string; expiresAt?: Date | null | undefined }) => ({
  label,
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

const presentRole = ({ role, instance }: Pick<OperatorTokenInfo, 'role' | 'instance'>) => ({ role, instance });

const presentIssued = ({ id, label, token, expiresAt }: IssuedToken): z.input<typeof schemas.issuedScimToken> => ({
  id,
  label,
  token,
  expiresAt: expiresAt?.toISOString() ?? null,
});

const presentToken = (token: TokenInfo): z.input<typeof schemas.scimToken> => ({
  id: token.id,
  label: token.label,
  createdAt: token.createdAt.toISOString(),
  expiresAt: token.expiresAt?.toISOString() ?? null,
  revokedAt: token.revokedAt?.toISOString() ?? null,
  lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
});
