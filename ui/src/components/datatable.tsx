import type { ReactNode } from 'react'
import { scrollRegion } from './scroll'

/** `end` aligns figures and actions to the end; `wide` takes the room that is left; `hide` leaves the column out on phones. */
export type Column<Row> = { key: string; head: string; cell: (row: Row) => ReactNode; end?: boolean; wide?: boolean; hide?: boolean }

/** A plain table. Its caption names it for screen readers; on narrow screens it scrolls inside itself. */
export function DataTable<Row extends { id: string }>({ label, columns, rows }: { label: string; columns: Column<Row>[]; rows: Row[] }) {
  return (
    <div className="overflow-x-auto outline-offset-[-2px]" {...scrollRegion(label)}>
      <table className="w-full text-[14px]">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr className="text-[13px] text-ink-3">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={`border-b border-line px-3 pb-2.5 font-medium whitespace-nowrap first:ps-5 last:pe-5 ${column.end ? 'text-end' : 'text-start'} ${column.hide ? 'max-md:hidden' : ''}`}
              >
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className="border-b border-line transition-colors last:border-0 hover:bg-surface-2/60">
              {columns.map((column) => (
                <td
                  key={column.key}
                  className={`px-3 py-3 align-middle first:ps-5 last:pe-5 ${column.end ? 'text-end tabular-nums' : ''} ${column.wide ? 'w-full' : 'whitespace-nowrap'} ${column.hide ? 'max-md:hidden' : ''}`}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
