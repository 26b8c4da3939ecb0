import { createHmac, randomBytes } from 'node:crypto';

/** A token as it is listed: never its secret. */
export interface TokenInfo {
  readonly id: string;
  readonly label: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** A token just issued: the only time that its secret is shown. */
export interface IssuedToken {
  readonly id: string;
  readonly label: string;
  readonly token: string;
  readonly expiresAt: Date | null;
}

const hmac = (secret: string, text: string): Buffer => createHmac('sha256', secret).update(text).digest();

export const MARK_BYTES = 4;
/** What each digest under this `ROSTER_SECRET` begins with, so that it can be told which ones another has made. */
export const markOf = (secret: string): Buffer => hmac(secret, 'roster').subarray(0, MARK_BYTES);

/** The digest that stands for a token in the database: the mark of `ROSTER_SECRET`, and HMAC-SHA-256 under it. */
export const digestOf = (secret: string, token: string): Buffer => Buffer.concat([markOf(secret), hmac(secret, token)]);

/** 256 random bits, as text that says what it is. */
export const newToken = (): string => `rst_${randomBytes(32).toString('base64url')}`;

/** How long a token is good for where nothing else was asked. */
export const DEFAULT_DAYS = 365;

/** The moment so many days from now. */
export const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

/** A row of either table, as it is read. */
export type TokenRow = {
  id: string;
  label: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
};

/** What is told of a row. */
export const toTokenInfo = (row: TokenRow): TokenInfo => ({
  id: row.id,
  label: row.label,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
});
