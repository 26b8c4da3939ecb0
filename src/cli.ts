import { Command } from 'commander';
import { appCommand } from './commands/app.js';
import { auditCommand } from './commands/audit.js';
import { brakeCommand } from './commands/brake.js';
import { demoCommand } from './commands/demo.js';
import { devCommand } from './commands/dev.js';
import { doctorCommand } from './commands/doctor.js';
import { importCommand } from './commands/import.js';
import { instanceCommand } from './commands/instance.js';
import { migrateCommand } from './commands/migrate.js';
import { operatorTokenCommand } from './commands/operator-token.js';
import { note } from './commands/output.js';
import { programCommand } from './commands/program.js';
import { requestsCommand } from './commands/requests.js';
import { retryCommand, stuckCommand } from './commands/stuck.js';
import { tokenCommand } from './commands/token.js';
import { userCommand } from './commands/user.js';
import { readConfig } from './config.js';
import { rosterVersion } from './version.js';

async function main(): Promise<void> {
  const config = readConfig();
  const program = new Command('roster')
    .description('Turns what Okta says over SCIM 2.0 into finished accounts.')
    .version(rosterVersion())
    .showHelpAfterError('(roster --help says more)');
  const commands = [
    devCommand(config),
    programCommand('server', 'run the front door, the dispatcher and the sweeper'),
    programCommand('worker', 'run a Temporal worker'),
    migrateCommand(config),
    instanceCommand(config),
    tokenCommand(config),
    operatorTokenCommand(config),
    requestsCommand(config),
    stuckCommand(config),
    retryCommand(config),
    appCommand(config),
    auditCommand(config),
    userCommand(config),
    importCommand(config),
    brakeCommand(config),
    demoCommand(config),
    doctorCommand(config),
  ];
  for (const command of commands) program.addCommand(command);
  await program.parseAsync();
}

main().catch((error: unknown) => {
  // One line that says what to do; a stack is of no use to whoever typed the command.
  note(`roster: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
