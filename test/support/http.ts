import type { TestRoster } from './roster.js';

/** What the front door answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where there is none. */
  readonly body: Record<string, unknown> | undefined;
}

/** Sends a SCIM request with the roster's token, or the headers given. */
export async function scim(
  roster: Pick<TestRoster, 'scimUrl' | 'scimToken'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${roster.scimUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${roster.scimToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
  };
}
