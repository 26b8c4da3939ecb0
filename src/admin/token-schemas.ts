import { z } from 'zod';
import { OPERATOR_ROLES } from '../instances/operator-tokens.js';
import { id, instant, name } from './schemas.js';

const operatorRole = z.enum(OPERATOR_ROLES).meta({ id: 'OperatorRole' });
const instance = z.string().nullable().meta({ description: 'null unless the role is application' });

const expiresAt = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .refine((value) => value.getTime() > Date.now(), 'is over already')
  .nullable()
  .optional()
  .meta({ description: 'In a year unless told; null for never' });

export const newScimToken = z.strictObject({ label: name, expiresAt }).meta({ id: 'NewScimToken' });

export const newOperatorToken = z
  .strictObject({
    label: name,
    role: operatorRole,
    instance: z
      .string()
      .max(200)
      .nullable()
      .optional()
      .meta({ description: 'The slug of the one instance that the role application reads; for no other role' }),
    expiresAt,
  })
  .meta({ id: 'NewOperatorToken' });

export const tokenRotation = z
  .strictObject({
    overlapHours: z
      .number()
      .int()
      .min(0)
      .max(8_760)
      .default(24)
      .meta({ description: 'How long the old token stays good, unless it expires before' }),
  })
  .meta({ id: 'TokenRotation' });

const issued = {
  id,
  label: z.string(),
  token: z.string().meta({ description: 'The secret, shown this once' }),
  expiresAt: instant.nullable(),
};
export const issuedScimToken = z.strictObject(issued).meta({ id: 'IssuedScimToken' });
export const issuedOperatorToken = z
  .strictObject({ ...issued, role: operatorRole, instance })
  .meta({ id: 'IssuedOperatorToken' });

const listed = {
  id,
  label: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  lastUsedAt: instant.nullable().meta({ description: 'To the minute' }),
};
export const scimToken = z.strictObject(listed).meta({ id: 'ScimToken' });
export const operatorToken = z.strictObject({ ...listed, role: operatorRole, instance }).meta({ id: 'OperatorToken' });

export const ownToken = z.strictObject({ id, role: operatorRole }).meta({ id: 'OwnToken' });
