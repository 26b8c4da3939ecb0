import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What Standard Webhooks calls a secret: `whsec_` and 24 to 64 bytes in Base64. */
const SECRET = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;

/** A new secret of 256 bits. */
export const newApplicationSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** True for a text that can sign. */
export function isApplicationSecret(text: string): boolean {
  const bytes = keyOf(text).length;
  return bytes >= 24 && bytes <= 64;
}

const keyOf = (secret: string): Buffer => Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64');

/** The headers of one attempt to tell an application something. */
export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** Of this attempt, in whole seconds since 1970. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * Signs a webhook as Standard Webhooks has it: with each secret there is, so that one can be changed for another without a gap.
 * @param at is the time of this attempt; receivers refuse what is too old.
 */
export function sign(id: string, body: string, secrets: readonly string[], at: Date): WebhookHeaders {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signatures = secrets.map((secret) => `v1,${signatureOf(id, timestamp, body, secret).toString('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

const signatureOf = (id: string, timestamp: string, body: string, secret: string): Buffer =>
  createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest();

/** How far a receiver's clock may be from ours, in seconds. */
const TOLERANCE_SECONDS = 300;

/** What a receiver does: true where the body was signed by the secret, within five minutes of `now`. */
export function isSigned(headers: WebhookHeaders, body: string, secret: string, now: Date): boolean {
  const timestamp = headers['webhook-timestamp'];
  if (!(Math.abs(now.getTime() / 1_000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const wanted = signatureOf(headers['webhook-id'], timestamp, body, secret);
  return headers['webhook-signature'].split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
