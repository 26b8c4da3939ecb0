import type { Knex } from 'knex';
import { createInstancesAndTokens } from './20261124090000_create_instances_and_tokens.js';
import { createUsers } from './20261124090100_create_users.js';
import { createAccountsAndTeams } from './20261124090200_create_accounts_and_teams.js';
import { createKicksAndProgress } from './20261124090300_create_kicks_and_progress.js';
import { createAuditLog } from './20261124090400_create_audit_log.js';
import { createEvents } from './20261124090410_create_events.js';
import { createSeals } from './20261124090420_create_seals.js';
import { createManagerRule } from './20261124090500_create_manager_rule.js';
import { createRoles } from './20261124090550_create_roles.js';
import { createSteps } from './20261124090600_create_steps.js';
import { createGroups } from './20261125090000_create_groups.js';
import { createRequests } from './20261125090100_create_requests.js';
import { createApplication } from './20261125100000_create_application.js';
import { createAnnouncements } from './20261125110000_create_announcements.js';
import { createOperatorActions } from './20261125120000_create_operator_actions.js';
import { createBrake } from './20261125130000_create_brake.js';
import { createErasure } from './20261125140000_create_erasure.js';
import { createHealthSamples } from './20261126090000_create_health_samples.js';
import { createImports } from './20261126100000_create_imports.js';

/** Every migration by the name that the database remembers it by; applied in the order of the names. */
export const migrations: Record<string, Knex.Migration> = {
  '20261124090000_create_instances_and_tokens': createInstancesAndTokens,
  '20261124090100_create_users': createUsers,
  '20261124090200_create_accounts_and_teams': createAccountsAndTeams,
  '20261124090300_create_kicks_and_progress': createKicksAndProgress,
  '20261124090400_create_audit_log': createAuditLog,
  '20261124090410_create_events': createEvents,
  '20261124090420_create_seals': createSeals,
  '20261124090500_create_manager_rule': createManagerRule,
  '20261124090550_create_roles': createRoles,
  '20261124090600_create_steps': createSteps,
  '20261125090000_create_groups': createGroups,
  '20261125090100_create_requests': createRequests,
  '20261125100000_create_application': createApplication,
  '20261125110000_create_announcements': createAnnouncements,
  '20261125120000_create_operator_actions': createOperatorActions,
  '20261125130000_create_brake': createBrake,
  '20261125140000_create_erasure': createErasure,
  '20261126090000_create_health_samples': createHealthSamples,
  '20261126100000_create_imports': createImports,
};
