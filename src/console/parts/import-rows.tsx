import { useEffect, useRef } from 'preact/hooks';
import { path, withQuery } from '../api.js';
import type { Import, ImportRow } from '../api-types.js';
import { hasEnded } from '../follow-import.js';
import { useFreshPages, usePages } from '../load.js';
import { linkTo, useFilters } from '../router.js';
import { number, OUTCOME_TONES, OUTCOMES } from '../words.js';
import { Origin } from './manager.js';
import { ShowPages } from './page.js';
import { Badge, Choice } from './small.js';
import { type Column, Table } from './table.js';

const ALL = 'all' as const;
/** While rows are being decided; afterwards nothing changes any more. */
const EVERY_MS = 5_000;
const NEVER_MS = 2 ** 31 - 1;

/** What came of the rows of a file, or would; when all is decided those that were rejected first, where there are such. */
export function ImportRows({ instance, now }: { instance: string; now: Import }) {
  const { id, rows } = now;
  const isOver = hasEnded(now);
  const [filters, change] = useFilters();
  const usual = isOver && rows.rejected > 0 ? 'rejected' : ALL;
  const outcome = [ALL, ...OUTCOMES].find((one) => one === filters['outcome']) ?? usual;
  const pages = usePages<ImportRow>(
    withQuery(path`/imports/${id}/rows`, { outcome: outcome === ALL ? null : outcome }),
  );
  useFreshPages(pages, isOver ? NEVER_MS : EVERY_MS);
  const wasOver = useRef(isOver);
  // The last rows were decided after they were last asked for.
  useEffect(() => {
    if (isOver && !wasOver.current) pages.reload();
    wasOver.current = isOver;
  }, [isOver]);
  return (
    <>
      <Choice
        label="Outcome"
        value={outcome}
        options={[
          { value: ALL, text: `all (${number(rows.total)})` },
          ...OUTCOMES.map((value) => ({ value, text: `${value} (${number(rows[value])})` })),
        ]}
        onChange={(next) => change({ outcome: next })}
      />
      <ShowPages pages={pages} empty="There is no such row.">
        {(items) => (
          <Table
            caption="Rows of the file"
            rows={items}
            keyOf={({ line }) => String(line)}
            columns={[...common(instance), ...(outcome === 'rejected' ? faults : [changes, ...faults, manager])]}
          />
        )}
      </ShowPages>
    </>
  );
}

const common = (instance: string): Column<ImportRow>[] => [
  { title: 'Line', kind: 'number', cell: ({ line }) => number(line) },
  {
    title: 'User',
    cell: ({ userName, userId }) =>
      userId === null ? (
        (userName ?? <span class="quiet">none</span>)
      ) : (
        <a href={linkTo(instance, 'accounts', userId)}>{userName}</a>
      ),
  },
  { title: 'Outcome', cell: ({ outcome }) => <Badge tone={OUTCOME_TONES[outcome]}>{outcome}</Badge> },
];

const nothing = <span class="quiet">—</span>;

const changes: Column<ImportRow> = {
  title: 'Changes',
  cell: ({ changed }) => (changed.length === 0 ? nothing : changed.join(', ')),
};

const faults: readonly Column<ImportRow>[] = [
  { title: 'Column', cell: ({ column }) => column ?? nothing },
  { title: 'Reason', kind: 'wide', cell: ({ reason }) => reason ?? nothing },
];

const manager: Column<ImportRow> = {
  title: 'Manager',
  cell: ({ manager: of }) =>
    of === null ? (
      nothing
    ) : (
      <>
        {of.userName} <Origin origin={of.origin} />
      </>
    ),
};
