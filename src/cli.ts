import { Command } from 'commander';
import { commandsOf } from './commands/index.js';
import { note } from './commands/output.js';
import { readConfig } from './config.js';
import { rosterVersion } from './version.js';

async function main(): Promise<void> {
  const config = readConfig();
  const program = new Command('roster')
    .description('Turns what Okta says over SCIM 2.0 into finished accounts.')
    .version(rosterVersion())
    .showHelpAfterError('(roster --help says more)');
  for (const command of commandsOf(config)) program.addCommand(command);
  await program.parseAsync();
}

main().catch((error: unknown) => {
  // One line that says what to do; a stack is of no use to whoever typed the command.
  note(`roster: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
