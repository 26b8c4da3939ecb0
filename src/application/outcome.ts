/** What an answer of the application means. */
export type Outcome = 'done' | 'retry' | 'refused';

/** What may pass by itself, or by somebody's mending it: signatures, access, load, proxies. */
const RETRIED: readonly number[] = [401, 403, 407, 408, 425, 429];
/** Of a suspension: who is not there is off. */
const GONE: readonly number[] = [404, 410];

/**
 * What becomes of a message after an answer of this status. No answer, a redirect or a fault of the
 * application's is tried again; any other 4xx is a refusal for good.
 * @param isProven whether the URL ever answered with a 2xx: until then a 4xx may only say that the URL is mistyped
 */
export function outcomeOf(status: number | undefined, isSuspension: boolean, isProven: boolean): Outcome {
  if (status === undefined) return 'retry';
  if (status >= 200 && status < 300) return 'done';
  if (status < 400 || status >= 500 || RETRIED.includes(status) || !isProven) return 'retry';
  return isSuspension && GONE.includes(status) ? 'done' : 'refused';
}
