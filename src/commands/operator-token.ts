import { Command, Option } from 'commander';
import type { Config } from '../config.js';
import {
  issueOperatorToken,
  listOperatorTokens,
  OPERATOR_ROLES,
  type OperatorRole,
  revokeOperatorToken,
} from '../instances/operator-tokens.js';
import { BY_CLI, tokenSecret, withDatabase } from './context.js';
import { JSON_OPTION, printList, printOne } from './output.js';
import { days, inDays, printIssued, tokenColumns } from './token.js';

interface Json {
  readonly json?: boolean;
}

/** `roster operator-token`: the tokens of the admin API. */
export function operatorTokenCommand(config: Config): Command {
  const command = new Command('operator-token').description('manage the tokens of operators, for the admin API');

  command
    .command('issue')
    .description('issue a token of a role; its secret is shown this once')
    .requiredOption('--label <text>', 'whose it is')
    .addOption(new Option('--role <role>', 'what it may do').choices(OPERATOR_ROLES).default('viewer'))
    .option('--days <number>', 'days until it expires', days, 365)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster operator-token issue --label "Bo, on call" --role operator')
    .action(async (options: Json & { label: string; role: OperatorRole; days: number }) => {
      const { label, role } = options;
      const secret = await tokenSecret(config);
      const issued = await withDatabase(config, (pool) =>
        issueOperatorToken(pool, secret, { label, role, expiresAt: inDays(options.days) }, BY_CLI),
      );
      printIssued(issued, options);
    });

  command
    .command('list')
    .description('list all operator tokens, without their secrets')
    .option(...JSON_OPTION)
    .action(async (options: Json) => {
      const tokens = await withDatabase(config, listOperatorTokens);
      const roles = new Map(tokens.map((token) => [token.id, token.role]));
      printList(tokens, { ...tokenColumns, role: (token) => roles.get(token.id) }, options);
    });

  command
    .command('revoke <id>')
    .description('revoke a token; it is refused everywhere within a second')
    .option(...JSON_OPTION)
    .action(async (id: string, options: Json) => {
      await withDatabase(config, (pool) => revokeOperatorToken(pool, id, BY_CLI));
      printOne({ id, revoked: true }, { id, revoked: true }, options);
    });

  return command;
}
