import type { Progress } from '../api-types.js';
import { linkTo } from '../router.js';
import { REASONS } from '../words.js';
import { Outside, Since } from './small.js';
import { type Column, Table } from './table.js';

interface ProgressTableProps {
  readonly instance: string;
  readonly caption: string;
  readonly rows: readonly Progress[];
  /** Whether each has reasons of its own. */
  readonly saysWhy?: boolean;
  readonly more?: readonly Column<Progress>[];
}

/** Who is where and why, with a link to each run. */
export function ProgressTable({ instance, caption, rows, saysWhy = true, more = [] }: ProgressTableProps) {
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={({ userId }) => userId}
      columns={[
        {
          title: 'User',
          cell: ({ userId, userName }) => <a href={linkTo(instance, 'accounts', userId)}>{userName}</a>,
        },
        ...(saysWhy ? [why] : []),
        { title: 'Since', cell: ({ since }) => <Since instant={since} /> },
        { title: 'Run', kind: 'short', cell: ({ workflow }) => <Outside href={workflow.url}>Temporal</Outside> },
        ...more,
      ]}
    />
  );
}

const why: Column<Progress> = { title: 'Why', kind: 'wide', cell: (row) => <Why row={row} /> };

/** The reason in plain words, what to do, and what the application said. */
export function Why({ row: { reason, message } }: { row: Pick<Progress, 'reason' | 'message'> }) {
  const words = reason === null ? undefined : REASONS[reason];
  return (
    <>
      {words !== undefined && (
        <>
          {words.what}. <span class="quiet">{words.todo}</span>
        </>
      )}
      {message !== null && <q class="said">{message}</q>}
      {words === undefined && message === null && <span class="quiet">—</span>}
    </>
  );
}
