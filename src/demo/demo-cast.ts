import type { OktaProfile } from './okta-bodies.js';
import { inventOktaId } from './organisation.js';
import { seededRandom } from './random.js';

/** The twelve people of `roster demo`. They are the same at every run, so that a second run finds them again. */
export interface Cast {
  /** In the order of the organisation, from the top. */
  readonly people: readonly OktaProfile[];
  /** The manager whom two people name and who is assigned after all others. */
  readonly late: OktaProfile;
  /** Whose title changes. */
  readonly promoted: OktaProfile;
  /** The manager who is unassigned and assigned again. */
  readonly leaving: OktaProfile;
  /** The reference that fits nobody. */
  readonly nobody: string;
}

const DOMAIN = 'acme.example';

/** Who the twelve are, and how Okta knows their managers: by Okta's id, by e-mail, and once by that of somebody long gone. */
export function demoCast(): Cast {
  const top = person('Grace Moore', 'Chief Executive', 'Management');
  const sales = reportOf(byId(top), 'Ada Lane', 'Head of Sales', 'Sales');
  const engineering = reportOf(byEmail(top), 'Bo Kim', 'Head of Engineering', 'Engineering');
  const design = reportOf(byId(engineering), 'Nora Quist', 'Head of Design', 'Design');
  const engineer = reportOf(byId(engineering), 'Finn Berg', 'Engineer', 'Engineering');
  const nobody = `petra.green@${DOMAIN}`;
  const inCapitals = { reference: sales.email.toUpperCase(), displayName: 'Ada Lane' };
  return {
    people: [
      top,
      sales,
      engineering,
      design,
      reportOf(byEmail(sales), 'Cora Diaz', 'Account Executive', 'Sales'),
      reportOf(byId(sales), 'Dan Osei', 'Account Executive', 'Sales'),
      reportOf(inCapitals, 'Eve Novak', 'Account Executive', 'Sales'),
      engineer,
      reportOf(byEmail(engineering), 'Gia Rossi', 'Engineer', 'Engineering'),
      reportOf(byEmail(design), 'Hugo Blanc', undefined, 'Design'),
      reportOf(byId(design), 'Ines Alves', 'Designer', 'Design'),
      reportOf({ reference: nobody, displayName: 'Petra Green' }, 'Jon Park', 'Analyst', 'Finance'),
    ],
    late: design,
    promoted: engineer,
    leaving: sales,
    nobody,
  };
}

type Manager = OktaProfile['manager'];

const byId = ({ externalId, displayName }: OktaProfile): Manager => ({ reference: externalId, displayName });
const byEmail = ({ email, displayName }: OktaProfile): Manager => ({ reference: email, displayName });

const reportOf = (manager: Manager, name: string, title: string | undefined, department: string): OktaProfile => ({
  ...person(name, title, department),
  manager,
});

function person(displayName: string, title: string | undefined, department: string): OktaProfile {
  const [givenName = '', familyName = ''] = displayName.split(' ');
  const email = `${givenName}.${familyName}@${DOMAIN}`.toLowerCase();
  const externalId = inventOktaId(seededRandom(email));
  return { externalId, userName: email, givenName, familyName, email, displayName, title, department };
}
