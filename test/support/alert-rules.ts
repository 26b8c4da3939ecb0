import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[smh]$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});

export type AlertRule = z.infer<typeof rulesSchema>['groups'][number]['rules'][number];

/** The alerts of `docs/alerts.yml`. @throws z.ZodError where it is not what Prometheus reads */
export async function alertRules(): Promise<AlertRule[]> {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'alerts.yml'), 'utf8');
  return rulesSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}
