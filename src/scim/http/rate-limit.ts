import type { RateLimit, ScimIdentity } from '../../instances/authenticate-token.js';
import { tooManyRequests } from '../protocol/errors.js';

/** What a token may still ask at once, as of a moment (milliseconds). */
interface Bucket {
  left: number;
  at: number;
}

/** Beyond this many tokens counting begins anew: memory is bounded, and nobody is refused for it. */
const MANY = 10_000;

/**
 * Lets each token ask so much a second, and so much at once after a while of silence: a bucket that fills steadily, where the
 * libraries count in fixed windows, after a burst in which even the allowed rate would be refused. Each process counts its own.
 * @returns a function of a token and of how many requests it asks for at once, never more than a burst; it throws ScimError
 * 429, with the whole seconds after which they fit again
 */
export function rateLimiter(
  now: () => number = () => performance.now(),
): (identity: Pick<ScimIdentity, 'tokenId' | 'rateLimit'>, requests?: number) => void {
  const buckets = new Map<string, Bucket>();

  const fill = (bucket: Bucket, { perSecond, burst }: RateLimit, at: number): void => {
    bucket.left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * perSecond);
    bucket.at = at;
  };

  return ({ tokenId, rateLimit }, requests = 1) => {
    if (rateLimit === null) return;
    const at = now();
    let bucket = buckets.get(tokenId);
    if (bucket === undefined) {
      if (buckets.size >= MANY) buckets.clear();
      bucket = { left: rateLimit.burst, at };
      buckets.set(tokenId, bucket);
    }
    fill(bucket, rateLimit, at);
    const asked = Math.min(requests, rateLimit.burst);
    if (bucket.left < asked) throw tooManyRequests((asked - bucket.left) / rateLimit.perSecond);
    bucket.left -= asked;
  };
}
