import { DEPARTMENTS } from './organisation.js';
import { assigned, type Employee, few, type World } from './session-world.js';

/** A group of Okta's that is pushed to the app. */
export interface PushedGroup {
  /** The SCIM id. */
  id: string;
  displayName: string;
  readonly members: Set<Employee>;
}

type Task = () => Promise<void>;

/** A group of each department, one of everybody, one that is empty still, and one that will be unlinked. */
export function pushGroups(world: World): Task[] {
  const people = assigned(world);
  const wanted: readonly (readonly [string, readonly Employee[]])[] = [
    ...DEPARTMENTS.map((name) => [name, people.filter(({ profile }) => profile.department === name)] as const),
    ['Everybody', people],
    ['Empty', []],
    ['Pilot', few(world, people, 5)],
  ];
  return wanted.map(([displayName, members]) => async () => {
    const id = await world.client.groups.push(displayName, idsOf(members));
    world.groups.push({ id, displayName, members: new Set(members) });
  });
}

/** Deltas of each group, some with another name. */
export function changeGroups(world: World): Task[] {
  return inOrder(world).map((group, index) => async () => {
    const remove = few(world, [...group.members], index);
    const add = few(world, assigned(world), 3).filter((one) => !group.members.has(one));
    if (index % 3 === 0) group.displayName = `${group.displayName} (renamed)`;
    await world.client.groups.change(group.id, group.displayName, { remove: idsOf(remove), add: idsOf(add) });
    for (const one of remove) group.members.delete(one);
    for (const one of add) group.members.add(one);
  });
}

/** *Push Now* of each group as it is, of one with nobody left; one is renamed, and one unlinked. */
export function pushGroupsAgain(world: World): Task[] {
  const { groups } = world.client;
  const [emptied, renamed, unlinked, ...others] = inOrder(world);
  const pushNow = ({ id, displayName, members }: PushedGroup) => groups.pushNow(id, displayName, idsOf([...members]));
  const each = (group: PushedGroup | undefined, act: (group: PushedGroup) => Promise<void>): Task[] =>
    group === undefined ? [] : [() => act(group)];
  return [
    ...each(emptied, (group) => {
      group.members.clear();
      return pushNow(group);
    }),
    ...each(renamed, (group) => {
      group.displayName = 'A name of its own';
      return groups.rename(group.id, group.displayName);
    }),
    ...each(unlinked, async (group) => {
      await groups.unlink(group.id);
      world.groups.splice(world.groups.indexOf(group), 1);
    }),
    ...others.map((group) => () => pushNow(group)),
  ];
}

/** By name: they were pushed at once, and come in any order. */
const inOrder = ({ groups }: World): PushedGroup[] =>
  groups.toSorted((a, b) => (a.displayName < b.displayName ? -1 : 1));

const idsOf = (members: readonly Employee[]): string[] => members.flatMap(({ id }) => (id === undefined ? [] : [id]));
