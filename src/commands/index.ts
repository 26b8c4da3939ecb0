import type { Command } from 'commander';
import type { Config } from '../config.js';
import { appCommand } from './app.js';
import { auditCommand } from './audit.js';
import { brakeCommand } from './brake.js';
import { demoCommand } from './demo.js';
import { devCommand } from './dev.js';
import { doctorCommand } from './doctor.js';
import { importCommand } from './import.js';
import { instanceCommand } from './instance.js';
import { migrateCommand } from './migrate.js';
import { operatorTokenCommand } from './operator-token.js';
import { programCommand } from './program.js';
import { requestsCommand } from './requests.js';
import { retryCommand, stuckCommand } from './stuck.js';
import { tokenCommand } from './token.js';
import { userCommand } from './user.js';

/** Every command, in the order in which the help names them. What takes long to load a command imports when it runs. */
export const commandsOf = (config: Config): Command[] => [
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
