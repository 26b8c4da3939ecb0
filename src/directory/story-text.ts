import type { StoryEntry } from './story.js';

/** What kind of thing an entry of a story tells. */
export const STORY_KINDS = ['asserted', 'refused', 'acted', 'decided', 'told'] as const;
type StoryKind = (typeof STORY_KINDS)[number];

/** An entry as people read it. */
export interface Told {
  readonly kind: StoryKind;
  /** The action or the type: a stable code. */
  readonly code: string;
  readonly text: string;
}

type Of<Source extends StoryEntry['data']['source']> = Extract<StoryEntry['data'], { source: Source }>;

/** Says an entry of a story in a sentence. */
export function tellEntry({ data }: StoryEntry): Told {
  switch (data.source) {
    case 'audit':
      return { kind: kindOf(data), code: data.action, text: auditText(data) };
    case 'event':
      return { kind: 'decided', code: data.type, text: eventText(data) };
    default:
      return { kind: 'told', code: data.type, text: answerText(data) };
  }
}

/** What is asserted, by its action, and how it is said; all else was decided or done here. */
const ASSERTED: Readonly<Record<string, string>> = {
  'user.create': 'Created',
  'user.update': 'Changed',
  'user.activate': 'Assigned again',
  'user.deactivate': 'Unassigned: access ended in the same moment',
  'user.delete': 'Deleted',
};

const DONE: Readonly<Record<string, string>> = {
  'user.hold': 'Held by the brake: too many were unassigned at once; reports and team stay',
  'user.release': 'The hold was released: reports are handed over and the team is left',
  'user.revert': 'The hold was reverted: access is given back',
  'user.cancel': 'The run was cancelled in the Temporal UI: the first provisioning is undone',
  'user.retryNow': 'Tried again at once',
  'user.takeDefaultManager': 'Waits no longer: the default manager takes the place',
  'user.abandon': 'Given up what it was stuck with',
  'user.deactivate_kept': 'The switch deactivateUsers is on again: access that it had kept ended',
  'user.erase': 'Erased: who this was is gone',
  'application.resend': 'The application is told of the account anew',
};
const ROLE_SET = 'account.role:';

function doneText(action: string): string {
  if (action.startsWith(ROLE_SET)) return `The role was set to ${action.slice(ROLE_SET.length)}`;
  return DONE[action] ?? action;
}

function kindOf({ action, outcome }: Of<'audit'>): StoryKind {
  if (outcome !== 'accepted') return 'refused';
  if (action in ASSERTED) return 'asserted';
  return action === 'user.hold' || action === 'user.deactivate_kept' ? 'decided' : 'acted';
}

function auditText({ action, outcome, reason, changed, version, note }: Of<'audit'>): string {
  if (outcome !== 'accepted')
    return `${outcome === 'ignored' ? 'Ignored' : 'Refused'} ${action}: ${reason ?? 'no reason'}`;
  const names = changed === null || changed === '' ? '' : `: ${changed.replaceAll(',', ', ')}`;
  const said =
    action in ASSERTED ? `${ASSERTED[action]}${action === 'user.deactivate' ? '' : names}` : doneText(action);
  return `${said}${version === null ? '' : ` (version ${version})`}${note === null ? '' : ` \u2013 "${note}"`}`;
}

function eventText({ revision, body: { status, role, manager, team }, why }: Of<'event'>): string {
  const whom =
    manager === null
      ? `no manager${reasonForNone(why)}`
      : `manager ${manager.userName}${reasonOf(manager.origin, why)}`;
  return `Revision ${revision}: ${status}, ${role}, ${whom}${team === null ? '' : `, team ${team.name}`}`;
}

function reasonForNone(why: Of<'event'>['why']): string {
  return why?.isWaiting === true ? ' yet: whom the reference names is looked for' : '';
}

function reasonOf(origin: 'assigned' | 'default', why: Of<'event'>['why']): string {
  if (origin === 'assigned') return why?.by == null ? ' (as named)' : ` (as named, by ${why.by})`;
  if (why === null) return ' (the default manager)';
  if (!why.isNamed) return ' (the default manager: none is named)';
  if (why.isOnCircle) return ' (the default manager: the references form a circle)';
  return ` (the default manager: the reference means ${why.meant === null ? 'nobody' : 'somebody who is not active'})`;
}

function answerText({ type, revision, status, outcome, attempts, words }: Of<'answer'>): string {
  const said = { done: 'taken', refused: 'refused for good', retry: 'to be tried again' }[outcome];
  const times = attempts === 1 ? '' : `, ${attempts} times`;
  const answer = status === 0 ? 'no answer' : `answer ${status}`;
  return `The application was told ${type} (revision ${revision}): ${answer}${times}, ${said}${words === '' ? '' : ` \u2013 "${words}"`}`;
}
