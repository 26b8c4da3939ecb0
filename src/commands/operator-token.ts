import { Command, Option } from 'commander';
import type { Config } from '../config.js';
import {
  issueOperatorToken,
  listOperatorTokens,
  OPERATOR_ROLES,
  type OperatorRole,
  type OperatorTokenInfo,
  revokeOperatorToken,
} from '../instances/operator-tokens.js';
import { inDays } from '../instances/token.js';
import { BY_CLI, tokenSecret, withDatabase } from './context.js';
import { JSON_OPTION, type Json, printList, printOne } from './output.js';
import { label } from './texts.js';
import { days, printIssued, tokenColumns } from './token.js';

interface NewToken extends Json {
  readonly label: string;
  readonly role: OperatorRole;
  readonly instance?: string;
  readonly days: number;
}

/** `roster operator-token`: the tokens of the admin API. */
export function operatorTokenCommand(config: Config): Command {
  const command = new Command('operator-token')
    .description('manage the tokens of operators, for the admin API')
    .addHelpText('after', '\nExample:\n  $ roster operator-token issue --label "Bo, on call" --role operator');

  command
    .command('issue')
    .description('issue a token of a role; its secret is shown this once')
    .requiredOption('--label <text>', 'whose it is', label)
    .addOption(new Option('--role <role>', 'what it may do').choices(OPERATOR_ROLES).default('viewer'))
    .option('--instance <slug>', 'the one instance that a token of role application reads; for no other role')
    .option('--days <number>', 'days until it expires', days, 365)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  $ roster operator-token issue --label "Bo, on call" --role operator\n  $ roster operator-token issue --label "Acme\'s feed" --role application --instance acme',
    )
    .action(async (options: NewToken) => {
      const { label, role, instance } = options;
      const secret = await tokenSecret(config);
      const issued = await withDatabase(config, (pool) =>
        issueOperatorToken(pool, secret, { label, role, instance, expiresAt: inDays(options.days) }, BY_CLI),
      );
      printIssued(issued, options);
    });

  command
    .command('list')
    .description('list all operator tokens, without their secrets')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster operator-token list')
    .action(async (options: Json) => {
      const tokens = await withDatabase(config, listOperatorTokens);
      printList<OperatorTokenInfo>(
        tokens,
        { ...tokenColumns, role: ({ role }) => role, instance: ({ instance }) => instance },
        options,
      );
    });

  command
    .command('revoke <id>')
    .description('revoke a token; it is refused everywhere within a second')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster operator-token revoke 0190b2c4-1b2c-7000-8000-000000000001')
    .action(async (id: string, options: Json) => {
      await withDatabase(config, (pool) => revokeOperatorToken(pool, id, BY_CLI));
      printOne({ id, revoked: true }, { id, revoked: true }, options);
    });

  return command;
}
