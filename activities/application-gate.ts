import type { InstanceId } from '../src/ids.js';

/** Of an instance, in one process: what is beyond comes back later, so that a slow application takes no place from another's. */
const IN_FLIGHT = 100;
/** So many calls in a row without an answer mean that the application hangs: then a few ask whether it is back. */
const HANGS_AFTER = 5;
const PROBES = 3;
/** When whoever found no place comes back: soon, or after about as long as an attempt at a hanging application takes. */
const SOON_MS = 1_000;
const HANGING_MS = 15_000;

interface Endpoint {
  inFlight: number;
  unanswered: number;
}

/** Lets a bounded number of calls through to each instance's application, and few to one that does not answer. */
export class ApplicationGate {
  private readonly endpoints = new Map<InstanceId, Endpoint>();

  /**
   * Takes a place for calls to an instance's application. @returns what to say of each call, and that they are over; or, where there
   * is no place, after how many milliseconds to come back.
   */
  enter(instance: InstanceId): { answered: (is: boolean) => void; leave: () => void } | { afterMs: number } {
    const endpoint = this.endpoints.get(instance) ?? { inFlight: 0, unanswered: 0 };
    const isHanging = endpoint.unanswered >= HANGS_AFTER;
    if (endpoint.inFlight >= (isHanging ? PROBES : IN_FLIGHT)) {
      // Not all at the same time.
      return { afterMs: (isHanging ? HANGING_MS : SOON_MS) * (0.75 + Math.random() / 2) };
    }
    this.endpoints.set(instance, endpoint);
    endpoint.inFlight += 1;
    return {
      answered: (is) => {
        endpoint.unanswered = is ? 0 : endpoint.unanswered + 1;
      },
      leave: () => {
        endpoint.inFlight -= 1;
        if (endpoint.inFlight === 0 && endpoint.unanswered === 0) this.endpoints.delete(instance);
      },
    };
  }
}
