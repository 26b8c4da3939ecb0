import { RefusedError } from '../errors.js';

/** A URL that an application may have: only `endpointUrl` makes one. */
export type EndpointUrl = string & { readonly __brand: 'EndpointUrl' };

export const MAX_URL_CHARACTERS = 1_024;

/**
 * A URL as an application's endpoint.
 * @param allowPrivate whether it may be in a private network, where there may be no TLS: for development
 * @throws RefusedError `invalid_application`, which says why it cannot be one
 */
export function endpointUrl(text: string, allowPrivate: boolean): EndpointUrl {
  const fault = endpointUrlFault(text) ?? (allowPrivate || isSecure(new URL(text)) ? undefined : INSECURE);
  if (fault !== undefined) throw new RefusedError('invalid_application', `The application's URL ${fault}.`);
  return text as EndpointUrl;
}

const INSECURE =
  'must be https: anybody on the way could read and answer what is sent by http (for development, ROSTER_PRIVATE_APPLICATIONS=on allows it)';

/** What is wrong with the form of a URL, wherever it leads; undefined where nothing is. */
export function endpointUrlFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'must be one such as https://app.example/roster';
  if (text.length > MAX_URL_CHARACTERS) return `must not be longer than ${MAX_URL_CHARACTERS} characters`;
  if (url.username !== '' || url.password !== '') return 'must not hold a name or a password: what is sent is signed';
  return undefined;
}

/** True where nobody on the way can read what is sent, nor answer it. */
export const isSecure = ({ protocol }: URL): boolean => protocol === 'https:';
