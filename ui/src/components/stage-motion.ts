import type { StagePainter } from './stage-painter'

const FRAME_MS = 30
const LITE_FRAME_MS = 120
const STEP_MAX_SECONDS = 0.13
const RATIO_MAX = 1.75

const reduced = () => matchMedia('(prefers-reduced-motion: reduce)').matches || document.documentElement.dataset.fx === 'off'

/**
 * Draws `painter` into `canvas` for as long as it is seen: about 33 frames a second, 8 with lite effects,
 * one still picture when motion is reduced. Returns the way to stop.
 */
export function runStage(painter: StagePainter, box: HTMLElement, isWorking: () => boolean): () => void {
  let frame = 0
  let last = 0
  let seen = false

  const draw = (seconds: number) => painter.frame(seconds, isWorking())
  const loop = (now: number) => {
    frame = requestAnimationFrame(loop)
    if (now - last < (document.documentElement.dataset.fx === 'lite' ? LITE_FRAME_MS : FRAME_MS)) return
    draw(Math.min(STEP_MAX_SECONDS, (now - last) / 1000))
    last = now
  }
  const fit = () => {
    painter.resize(box.clientWidth, box.clientHeight, Math.min(devicePixelRatio || 1, RATIO_MAX))
    draw(0)
  }
  const update = () => {
    cancelAnimationFrame(frame)
    if (!seen || document.hidden) return
    painter.recolour()
    draw(0)
    last = performance.now()
    if (!reduced()) frame = requestAnimationFrame(loop)
  }

  const visibility = new IntersectionObserver(([entry]) => {
    seen = entry?.isIntersecting ?? false
    update()
  })
  const size = new ResizeObserver(fit)
  const look = new MutationObserver(update)
  fit()
  visibility.observe(box)
  size.observe(box)
  look.observe(document.documentElement, { attributeFilter: ['data-theme', 'data-fx'] })
  document.addEventListener('visibilitychange', update)
  return () => {
    cancelAnimationFrame(frame)
    visibility.disconnect()
    size.disconnect()
    look.disconnect()
    document.removeEventListener('visibilitychange', update)
  }
}

export const isStill = reduced
