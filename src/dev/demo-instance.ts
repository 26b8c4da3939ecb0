import { createPool } from '../database/pool.js';
import type { Actor } from '../directory/users.js';
import { RefusedError } from '../errors.js';
import type { InstanceId } from '../ids.js';
import { operatorTokenLookup, scimTokenLookup } from '../instances/authenticate-token.js';
import { createInstance, showInstance } from '../instances/instances.js';
import { issueOperatorToken } from '../instances/operator-tokens.js';
import { issueScimToken } from '../instances/scim-tokens.js';
import type { Secrets } from './secrets.js';

/** A newcomer is to see a wait end. */
const MANAGER_WAIT_SECONDS = 5;
const BY_DEV: Actor = { actor: 'cli', source: 'admin', requestId: null };

export interface DemoInstance {
  readonly instance: InstanceId;
  readonly isNew: boolean;
  readonly tokens: { readonly scimToken: string; readonly adminToken: string };
}

/**
 * The instance `demo` with a first coach, a SCIM token and an operator token: made where there is none, and with the kept
 * tokens as long as this database knows them. @throws UnavailableError
 */
export async function prepareDemoInstance(databaseUrl: string, secrets: Secrets): Promise<DemoInstance> {
  const pool = createPool({
    url: databaseUrl,
    max: 2,
    applicationName: 'roster dev',
    connectionTimeout: 5_000,
    statementTimeout: 10_000,
    onError: () => undefined,
  });
  try {
    const known = await showInstance(pool, 'demo').catch((error: unknown) => {
      if (error instanceof RefusedError && error.code === 'instance_unknown') return undefined;
      throw error;
    });
    const { slug } =
      known ??
      (await createInstance(
        pool,
        {
          slug: 'demo',
          name: 'Demo',
          managerWaitSeconds: MANAGER_WAIT_SECONDS,
          coach: { userName: 'coach@demo.example', givenName: 'First', familyName: 'Coach', title: 'Coach' },
        },
        BY_DEV,
      ));
    const { rosterSecret, scimToken, adminToken } = secrets;
    const scim = scimToken === undefined ? undefined : await scimTokenLookup(pool, rosterSecret)(scimToken);
    const operator = adminToken === undefined ? undefined : await operatorTokenLookup(pool, rosterSecret)(adminToken);
    return {
      instance: slug,
      isNew: known === undefined,
      tokens: {
        scimToken:
          scimToken !== undefined && scim?.instance === slug
            ? scimToken
            : (await issueScimToken(pool, rosterSecret, slug, { label: 'roster dev', expiresAt: null }, BY_DEV)).token,
        adminToken:
          adminToken !== undefined && operator?.role === 'admin'
            ? adminToken
            : (
                await issueOperatorToken(
                  pool,
                  rosterSecret,
                  { label: 'roster dev', role: 'admin', expiresAt: null },
                  BY_DEV,
                )
              ).token,
      },
    };
  } finally {
    await pool.end();
  }
}
