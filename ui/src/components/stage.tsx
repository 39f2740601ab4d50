import { Check, type LucideIcon } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { isStill, runStage } from './stage-motion'
import { type Side, StagePainter } from './stage-painter'

/** One end of a lane. `count` is what has really passed; when it rises, a packet travels. */
export type StageNode = { id: string; title: string; note: string; count: number; icon: LucideIcon }
type StageProps = { label: string; left: readonly StageNode[]; right: readonly StageNode[]; working: boolean }

const PACKETS_MAX = 3
const STAGGER_SECONDS = 0.5
const heights = (count: number) => Array.from({ length: count }, (_, lane) => (count === 1 ? 0.5 : 0.2 + (0.6 * lane) / (count - 1)))

/**
 * Work flows in, the sphere does it, finished work comes out. Nothing is invented: a packet stands for a count that rose
 * (and once at first for what happened today), and the sphere turns faster while somebody is answering.
 */
export function Stage({ label, left, right, working }: StageProps) {
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const painter = useRef<StagePainter>(null)
  const busy = useRef(working)
  busy.current = working
  const lanes = `${left.length}/${right.length}`
  useEffect(() => {
    const pen = canvas.current?.getContext('2d')
    const element = box.current
    if (!pen || !element) return
    const onLand = (side: Side, lane: number) => land(element, side, lane)
    painter.current = new StagePainter(pen, { in: heights(left.length), out: heights(right.length) }, onLand)
    return runStage(painter.current, element, () => busy.current)
  }, [lanes])
  usePackets(painter, 'in', left, 0)
  usePackets(painter, 'out', right, left.length > 0 ? 2 : 0)

  return (
    <div ref={box} role="img" aria-label={label} className="@container relative h-full min-h-[260px] w-full">
      <canvas ref={canvas} className="absolute inset-0 h-full w-full rtl:-scale-x-100" />
      {left.map((node, lane) => (
        <Chip key={node.id} node={node} lane={lane} height={heights(left.length)[lane] ?? 0.5} side="in" />
      ))}
      {right.map((node, lane) => (
        <Chip key={node.id} node={node} lane={lane} height={heights(right.length)[lane] ?? 0.5} side="out" />
      ))}
    </div>
  )
}

/** Sends a packet for every rise of a lane's count; at first one for each lane that has any. */
function usePackets(painter: { readonly current: StagePainter | null }, side: Side, nodes: readonly StageNode[], delay: number) {
  const before = useRef<ReadonlyMap<string, number> | null>(null)
  useEffect(() => {
    const known = before.current
    before.current = new Map(nodes.map((node) => [node.id, node.count]))
    nodes.forEach((node, lane) => {
      const rise = known === null ? Math.min(1, node.count) : node.count - (known.get(node.id) ?? 0)
      for (let packet = 0; packet < Math.min(rise, PACKETS_MAX); packet++) {
        painter.current?.send(side, lane, (known === null ? delay : 0) + (lane + packet) * STAGGER_SECONDS)
      }
    })
  }, [painter, side, nodes, delay])
}

/** The chip at the end of a lane ticks when work arrives there. */
function land(box: HTMLElement, side: Side, lane: number) {
  if (side === 'in') return
  const chip = box.querySelector<HTMLElement>(`[data-lane="${lane}"]`)
  if (!chip) return
  chip.dataset.done = ''
  if (!isStill())
    chip.animate([{ transform: 'scale(1)' }, { transform: 'scale(1.06)' }, { transform: 'scale(1)' }], {
      duration: 420,
      easing: 'ease-out',
    })
}

function Chip({ node, lane, height, side }: { node: StageNode; lane: number; height: number; side: Side }) {
  return (
    <div
      aria-hidden="true"
      className={`absolute -translate-y-1/2 ${side === 'in' ? 'start-0' : 'end-0'}`}
      style={{ top: `${height * 100}%` }}
    >
      <div
        data-lane={side === 'out' ? lane : undefined}
        className="group pane flex items-center bg-surface/92 gap-2.5 rounded-[14px] p-1.5 shadow-[var(--sh-2)] @min-[430px]:py-2 @min-[430px]:ps-2 @min-[430px]:pe-3.5"
      >
        <span className="relative grid size-8 place-items-center rounded-[10px] bg-brand-soft text-brand transition-colors group-data-[done]:bg-success group-data-[done]:text-surface">
          <node.icon size={16} className="group-data-[done]:hidden" />
          <Check size={16} strokeWidth={3} className="hidden group-data-[done]:block" />
        </span>
        <span className="hidden leading-tight @min-[430px]:block">
          <b className="block text-[12.5px] font-semibold">{node.title}</b>
          <span className="font-mono text-[11px] text-ink-3 tabular-nums">{node.note}</span>
        </span>
      </div>
    </div>
  )
}
