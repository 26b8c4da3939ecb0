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

/** The digest that stands for a token in the database: HMAC-SHA-256 under `ROSTER_SECRET`. */
export const digestOf = (secret: string, token: string): Buffer => createHmac('sha256', secret).update(token).digest();

/** 256 random bits, as text that says what it is. */
export const newToken = (): string => `rst_${randomBytes(32).toString('base64url')}`;

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
