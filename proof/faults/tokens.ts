import { setTimeout as delay } from 'node:timers/promises';
import { issueScimToken, revokeScimToken } from '../../src/instances/scim-tokens.js';
import { BY_PROOF, SECRET } from '../cluster.js';
import type { Fault } from './fault.js';

/** Within this time a revocation holds everywhere. */
const HOLDS_MS = 1_300;

/** F24: the token that everybody uses is replaced and revoked in the middle of the traffic. */
const revoke: Fault = async ({ cluster, tenants, seen }, random) => {
  const tenant = random.pick(tenants);
  const { pool, origins } = cluster;
  const former = tenant.token;
  const { rows } = await pool.query<{ id: string }>(
    'select id from scim_tokens where instance_id = $1 and revoked_at is null',
    [tenant.instance],
  );
  const { token } = await issueScimToken(pool, SECRET, tenant.instance, { label: 'proof', expiresAt: null }, BY_PROOF);
  tenant.token = token;
  for (const { id } of rows) await revokeScimToken(pool, tenant.instance, id, BY_PROOF);
  await delay(HOLDS_MS);
  for (const origin of origins) {
    const headers = { authorization: `Bearer ${former}` };
    // A server that is just being started answers nothing.
    const answer = await fetch(`${origin}/scim/v2/Users?count=1`, { headers }).catch(() => undefined);
    if (answer !== undefined && ![401, 429].includes(answer.status))
      seen.push(`F24 a revoked token is answered with ${answer.status}`);
  }
};

export const TOKEN_FAULTS: Readonly<Record<string, Fault>> = { 'F24 token revoked in the middle': revoke };
