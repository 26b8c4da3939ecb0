import { endpointUrl } from '../src/application/endpoint-url.js';
import { isInstanceId } from '../src/ids.js';
import { createInstance } from '../src/instances/instances.js';
import { issueOperatorToken } from '../src/instances/operator-tokens.js';
import { issueScimToken } from '../src/instances/scim-tokens.js';
import { proveApplication } from '../test/support/fake-application.js';
import { BY_PROOF, type Cluster, SECRET } from './cluster.js';
import { type Tenant, userNameOf } from './world.js';

/** Makes an instance with its coach, its tokens, and an application at this URL, where there is one. */
export async function createTenant(
  { pool }: Cluster,
  slug: string,
  { url, people }: { readonly url?: string; readonly people: number },
): Promise<Tenant> {
  if (!isInstanceId(slug)) throw new RangeError(slug);
  const coach = { userName: userNameOf(`coach-of-${slug}`), givenName: 'First', familyName: 'Coach' };
  const application = url === undefined ? {} : { application: { url: endpointUrl(url, true) } };
  await createInstance(pool, { slug, name: slug, managerWaitSeconds: 2, coach, brake: null, ...application }, BY_PROOF);
  if (url !== undefined) await proveApplication({ pool, instance: slug });
  const label = { label: 'proof', expiresAt: null };
  const { token } = await issueScimToken(pool, SECRET, slug, label, BY_PROOF);
  const operator = await issueOperatorToken(pool, SECRET, { ...label, role: 'operator' }, BY_PROOF);
  const names = Array.from({ length: people }, (_, n) => `p${n}`);
  return { instance: slug, token, operatorToken: operator.token, people: names, ids: new Map() };
}
