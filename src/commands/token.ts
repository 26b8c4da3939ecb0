import { Command } from 'commander';
import type { Config } from '../config.js';
import { showInstance } from '../instances/instances.js';
import { issueScimToken, listScimTokens, revokeScimToken, rotateScimToken } from '../instances/scim-tokens.js';
import { type IssuedToken, inDays, type TokenInfo } from '../instances/token.js';
import { BY_CLI, tokenSecret, withDatabase } from './context.js';
import { JSON_OPTION, type Json, print, printList, printOne } from './output.js';
import { label } from './texts.js';
import { wholeNumber } from './whole-number.js';

/** `roster token`: the SCIM tokens of an instance, which an Okta administrator pastes into Okta. */
export function tokenCommand(config: Config): Command {
  const command = new Command('token')
    .description('manage the SCIM tokens of an instance')
    .addHelpText('after', '\nExample:\n  $ roster token issue acme --label "Okta production"');

  command
    .command('issue <instance>')
    .description('issue a token; its secret is shown this once')
    .option('--label <text>', 'what the token is for', label, 'Okta')
    .option('--days <number>', 'days until it expires', days, 365)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster token issue acme --label "Okta production"')
    .action(async (slug: string, options: Json & { label: string; days: number }) => {
      const secret = await tokenSecret(config);
      const issued = await withDatabase(config, async (pool) => {
        const instance = await showInstance(pool, slug);
        const { label } = options;
        return issueScimToken(pool, secret, instance.slug, { label, expiresAt: inDays(options.days) }, BY_CLI);
      });
      printIssued(issued, options);
    });

  command
    .command('list <instance>')
    .description('list the tokens of an instance, without their secrets')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster token list acme')
    .action(async (slug: string, options: Json) => {
      const tokens = await withDatabase(config, async (pool) =>
        listScimTokens(pool, (await showInstance(pool, slug)).slug),
      );
      printList(tokens, tokenColumns, options);
    });

  command
    .command('rotate <instance> <id>')
    .description('issue a successor of a token; the old one stays good for a while, so that there is no gap')
    .option('--overlap <hours>', 'hours until the old one expires', hours, 24)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster token rotate acme 0190b2c4-1b2c-7000-8000-000000000001 --overlap 2')
    .action(async (slug: string, id: string, options: Json & { overlap: number }) => {
      const secret = await tokenSecret(config);
      const issued = await withDatabase(config, async (pool) => {
        const instance = await showInstance(pool, slug);
        return rotateScimToken(pool, secret, instance.slug, id, options.overlap * 3_600, BY_CLI);
      });
      printIssued(issued, options);
      if (options.json !== true) print(`The old one expires in ${options.overlap} hours.`);
    });

  command
    .command('revoke <instance> <id>')
    .description('revoke a token; it is refused everywhere within a second')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster token revoke acme 0190b2c4-1b2c-7000-8000-000000000001')
    .action(async (slug: string, id: string, options: Json) => {
      await withDatabase(config, async (pool) =>
        revokeScimToken(pool, (await showInstance(pool, slug)).slug, id, BY_CLI),
      );
      printOne({ id, revoked: true }, { id, revoked: true }, options);
    });

  return command;
}

/** How tokens are listed. */
export const tokenColumns = {
  id: (token: TokenInfo) => token.id,
  label: (token: TokenInfo) => token.label,
  created: (token: TokenInfo) => token.createdAt,
  expires: (token: TokenInfo) => token.expiresAt ?? 'never',
  'last used': (token: TokenInfo) => token.lastUsedAt ?? 'never',
  revoked: (token: TokenInfo) => token.revokedAt,
};

/** Shows a token's secret, the only time. */
export function printIssued(issued: IssuedToken, options: Json): void {
  const { id, label, token, expiresAt } = issued;
  printOne(issued, { id, label, expires: expiresAt ?? 'never', token }, options);
  if (options.json !== true) print('The token is shown this once; keep it now.');
}

/** Reads a number of days. @throws InvalidArgumentError */
export const days = wholeNumber(1, 3_650, 'days');
const hours = wholeNumber(0, 8_760, 'hours');
