const KEY = 'roster.operator-token';

/**
 * The token is kept for this tab alone and goes with it. A cookie would be sent by itself, also where another site asks for it;
 * `localStorage` would leave the token on the machine for whoever sits down next; in memory alone it would not survive a reload.
 */
export const storedToken = (): string | null => sessionStorage.getItem(KEY);

/** Keeps the token for this tab. */
export const storeToken = (token: string): void => sessionStorage.setItem(KEY, token);

type Why = 'signed out' | 'refused';

let onEnd: (why: Why) => void = () => undefined;

/** Says what to do when the session ends, by the operator or by a 401. */
export function whenSessionEnds(listener: (why: Why) => void): void {
  onEnd = listener;
}

/** Forgets the token. */
export function endSession(why: Why): void {
  sessionStorage.removeItem(KEY);
  onEnd(why);
}
