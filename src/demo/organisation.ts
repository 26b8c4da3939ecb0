import type { OktaProfile } from './okta-bodies.js';
import type { Random } from './random.js';

export interface OrganisationSize {
  readonly people: number;
  /** Of the hierarchy; 1 is one person at the top and nobody below. */
  readonly levels: number;
  /** Of the e-mail addresses. */
  readonly domain: string;
}

/** How a person's manager is written in Okta, and in which share of the people. */
const SHARES = {
  externalId: 0.45,
  email: 0.25,
  'email in another case': 0.1,
  userName: 0.06,
  unknown: 0.08,
  none: 0.06,
} as const;
type ReferenceKind = keyof typeof SHARES;
export const REFERENCE_KINDS: readonly ReferenceKind[] = [
  'externalId',
  'email',
  'email in another case',
  'userName',
  'unknown',
  'none',
];

const GIVEN =
  'Ada Bo Cora Dan Eve Finn Gia Hugo Ines Jon Kaia Liam Mira Nora Omar Pia Quinn Rosa Sven Tara Umar Vera Wim Xenia Yara Zoë Łukasz Iñaki'.split(
    ' ',
  );
const FAMILY =
  "Alves Berg Côté Diaz Eriksen Fox Grønn Haddad Ivanov Jain Kim Lane Moore Novak O'Brien Park Quist Rossi Silva Tan Ueda Vos Wójcik Xu Yilmaz Zhang de-Vries McCoy".split(
    ' ',
  );
/** Where people work; most of them. */
export const DEPARTMENTS = ['Sales', 'Engineering', 'Finance', 'People'];
const TITLES = ['Account Executive', 'Engineer', 'Analyst', 'Recruiter', 'Team Lead'];

/**
 * Invents an organisation: the first person has nobody above, every other a manager of the level above, written by
 * externalId, e-mail (also in another case) or userName; some references fit nobody, and some people have none. The same
 * random source gives the same people.
 */
export function inventOrganisation(random: Random, size: OrganisationSize): OktaProfile[] {
  const people: OktaProfile[] = [];
  let above: readonly OktaProfile[] = [];
  for (const count of levelSizes(size)) {
    const level: OktaProfile[] = [];
    for (let index = 0; index < count; index += 1) {
      const person = inventPerson(random, size.domain, people.length + level.length);
      level.push({ ...person, manager: above.length === 0 ? undefined : inventReference(random, random.pick(above)) });
    }
    people.push(...level);
    above = level;
  }
  return people;
}

const OKTA_ID_LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

/** An Okta user id. */
export const inventOktaId = (random: Random): string =>
  `00u${Array.from({ length: 17 }, () => random.pick(OKTA_ID_LETTERS)).join('')}`;

/** An e-mail in another case than it was given, which means the same. */
export const inAnotherCase = (email: string): string =>
  email === email.toLowerCase() ? email.toUpperCase() : email.toLowerCase();

/** Each level is larger than the one above by the same factor, and the last takes what is left. */
function levelSizes({ people, levels }: OrganisationSize): number[] {
  const factor = levels < 2 ? 1 : people ** (1 / (levels - 1));
  const sizes: number[] = [];
  let left = people;
  for (let level = 0; level < levels; level += 1) {
    const wanted = Math.max(1, Math.floor(factor ** level * (level === 0 ? 1 : 0.9)));
    const size = level === levels - 1 ? left : Math.min(left, wanted);
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

function inventPerson(random: Random, domain: string, number: number): OktaProfile {
  const givenName = random.pick(GIVEN);
  const familyName = random.pick(FAMILY);
  const host = random.chance(0.2) ? domain.replace(/^./, (letter) => letter.toUpperCase()) : domain;
  const email = `${givenName}.${familyName}${number}@${host}`;
  const asTyped = random.chance(0.7) ? email.toLowerCase() : email;
  return {
    externalId: inventOktaId(random),
    // Mostly the e-mail itself; else a shorter login, and now and then the e-mail in another case.
    userName: random.chance(0.8)
      ? asTyped
      : random.pick([`${givenName.slice(0, 1)}${familyName}${number}@${domain}`, inAnotherCase(asTyped)]),
    givenName,
    familyName,
    email: asTyped,
    displayName: random.chance(0.7) ? `${givenName} ${familyName}` : undefined,
    title: random.chance(0.85) ? random.pick(TITLES) : undefined,
    department: random.chance(0.7) ? random.pick(DEPARTMENTS) : undefined,
  };
}

function inventReference(random: Random, manager: OktaProfile): OktaProfile['manager'] {
  return referenceTo(manager, pickKind(random), random);
}

/** The reference of a person to this manager, written in some way; or one to nobody, or none. */
export function referenceTo(manager: OktaProfile, kind: ReferenceKind, random: Random): OktaProfile['manager'] {
  const { externalId, email, userName, givenName, familyName } = manager;
  const displayName = random.chance(0.5) ? `${givenName} ${familyName}` : undefined;
  switch (kind) {
    case 'externalId':
      return { reference: externalId, displayName };
    case 'email':
      return { reference: email, displayName };
    case 'email in another case':
      return { reference: inAnotherCase(email), displayName };
    case 'userName':
      return { reference: userName, displayName };
    case 'unknown':
      return {
        reference: random.pick([inventOktaId(random), `gone-${random.below(1e6)}@elsewhere.example`, 'E-4711']),
      };
    default:
      return undefined;
  }
}

function pickKind(random: Random): ReferenceKind {
  let place = random.next();
  for (const kind of REFERENCE_KINDS) {
    place -= SHARES[kind];
    if (place < 0) return kind;
  }
  return 'externalId';
}
