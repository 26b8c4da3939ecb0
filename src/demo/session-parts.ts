import type { OktaProfile } from './okta-bodies.js';
import { inAnotherCase, inventOktaId, REFERENCE_KINDS, referenceTo } from './organisation.js';
import { changeGroups, pushGroups, pushGroupsAgain } from './session-groups.js';
import {
  assign,
  assigned,
  change,
  type Employee,
  few,
  isSameText,
  managers,
  refersTo,
  reports,
  some,
  unassign,
  type World,
} from './session-world.js';

/** A stretch of a session; each person, and each group, is in one task at most, so that tasks may run at once. */
export interface Part {
  readonly name: string;
  readonly tasks: (world: World) => Task[];
}
type Task = () => Promise<void>;

/** A session, part after part. */
export const parts: readonly Part[] = [
  {
    name: 'assign everybody but the late',
    tasks: (world) => world.employees.filter((one) => !world.late.has(one)).map((one) => () => assign(world, one)),
  },
  { name: 'push groups', tasks: pushGroups },
  { name: 'change profiles', tasks: changeProfiles },
  { name: 'change managers', tasks: changeManagers },
  { name: 'change the keys of managers', tasks: changeKeys },
  { name: 'follow the changed keys', tasks: followKeys },
  { name: 'unassign people', tasks: unassignPeople },
  { name: 'change groups', tasks: changeGroups },
  { name: 'assign the late', tasks: assignLate },
  { name: 'assign again', tasks: assignAgain },
  { name: 'push groups again', tasks: pushGroupsAgain },
];

/** Managers get a new display name, or none any more, so that given and family name count, or a new family name. */
function changeProfiles(world: World): Task[] {
  const renamed = few(world, managers(world), 8);
  const others = assigned(world).filter((one) => !renamed.includes(one));
  const titled = some(world, others, 0.08);
  const untouched = others.filter((one) => !titled.includes(one));
  const renaming = (index: number): Partial<OktaProfile> =>
    [{ displayName: `Renamed ${index}` }, { displayName: undefined }, { familyName: `Married-${index}` }][index % 3] ??
    {};
  return [
    ...renamed.map((one, index) => () => change(world, one, renaming(index))),
    ...titled.map((one, index) => () => change(world, one, { title: index % 4 === 0 ? undefined : `Title ${index}` })),
    ...few(world, untouched, 5).map((one) => () => world.client.syncPassword(one.profile)),
  ];
}

/**
 * To somebody else, to somebody unknown or to nobody, whatever it was before; and circles are closed: somebody their own
 * manager, two who manage each other, and three.
 */
function changeManagers(world: World): Task[] {
  const { random } = world;
  const people = assigned(world);
  const left = random.shuffled(people);
  const circles = [1, 2, 3].map((size) => left.splice(0, size));
  return [
    ...circles.flatMap((circle) =>
      circle.map((employee, index) => {
        const next = circle[(index + 1) % circle.length] ?? employee;
        const manager = referenceTo(next.profile, random.pick(['externalId', 'email']), random);
        return () => change(world, employee, { manager });
      }),
    ),
    ...some(world, left, 0.1).map((employee) => {
      const manager = referenceTo(random.pick(people).profile, random.pick(REFERENCE_KINDS), random);
      return () => change(world, employee, { manager });
    }),
  ];
}

/** A new e-mail (and userName, where that is the e-mail), or a user deleted in Okta and made anew under the same name. */
function changeKeys(world: World): Task[] {
  const { random, domain, formerKeys } = world;
  return few(world, managers(world), 6).map((employee, index) => {
    const former = employee.profile;
    formerKeys.push({ employee, former });
    if (index % 3 === 0) {
      employee.profile = { ...former, externalId: inventOktaId(random) };
      return () => assign(world, employee);
    }
    const email = `${former.givenName}.moved${index}@${domain}`;
    const isUserName = former.userName.toLowerCase() === former.email.toLowerCase();
    return () => change(world, employee, { email, ...(isUserName ? { userName: email } : {}) });
  });
}

/** Of those who refer to a manager by a former key Okta learns the new one for some, and for others never. */
function followKeys(world: World): Task[] {
  const { random, formerKeys } = world;
  return assigned(world).flatMap((employee) => {
    const moved = formerKeys.find(({ former }) => refersTo(employee.profile, former));
    if (moved === undefined || random.chance(0.5)) return [];
    const manager = referenceTo(moved.employee.profile, random.pick(['externalId', 'email']), random);
    return [() => change(world, employee, { manager })];
  });
}

/** People of every kind, managers among them for certain. */
function unassignPeople(world: World): Task[] {
  const people = new Set([...some(world, assigned(world), 0.06), ...few(world, managers(world), 6)]);
  return [...people].map((one) => () => unassign(world, one));
}

/** The late hires; one of them got the e-mail of a manager who was unassigned and is still referred to by it. */
function assignLate(world: World): Task[] {
  const [heir] = world.late;
  const gone = world.employees.find((one) => one.sent !== undefined && !one.assigned && isKnownByEmail(world, one));
  if (heir !== undefined && gone !== undefined) {
    heir.profile = { ...heir.profile, email: inAnotherCase(gone.profile.email) };
  }
  return [...world.late].map((one) => () => assign(world, one));
}

const isKnownByEmail = (world: World, manager: Employee): boolean =>
  reports(world, manager).some(({ profile }) => isSameText(profile.manager?.reference ?? '', manager.profile.email));

/** Some managers who go and come back within a moment; they may meet their own run in the middle. */
function flicker(world: World): Task[] {
  return few(world, managers(world), 4).map((one) => async () => {
    await unassign(world, one);
    await assign(world, one);
  });
}

/** Some of the unassigned come back, a few with a profile that changed meanwhile; the others stay away. */
function assignAgain(world: World): Task[] {
  const { random } = world;
  const gone = world.employees.filter((one) => one.sent !== undefined && !one.assigned);
  const back = some(world, gone, 0.6).map((one, index) => {
    if (index % 3 === 0) {
      const manager = referenceTo(random.pick(assigned(world)).profile, 'externalId', random);
      one.profile = { ...one.profile, title: 'Back again', manager };
    }
    return () => assign(world, one);
  });
  return [...back, ...flicker(world)];
}
