import { preference } from './preferences'

const FRAMES = 12
const LIMIT_MS = 700
/** Slower frames than this (median) mean a thin client: 26 ms is 38 frames a second. */
const SLOW_FRAME_MS = 26

let measured: 'full' | 'lite' | undefined
const show = (level: 'full' | 'lite' | 'off') => {
  document.documentElement.dataset.fx = level
}

/** Samples frames after start-up, for at most 12 frames or 700 ms, and decides between full and lite effects. */
function measure() {
  const gaps: number[] = []
  let last = 0
  let frame = 0
  const decide = () => {
    cancelAnimationFrame(frame)
    clearTimeout(late)
    gaps.sort((a, b) => a - b)
    // No frames at all within the limit counts as slow.
    measured = (gaps[Math.floor(gaps.length / 2)] ?? Number.POSITIVE_INFINITY) > SLOW_FRAME_MS ? 'lite' : 'full'
    applyEffects()
  }
  const tick = (time: number) => {
    if (last > 0) gaps.push(time - last)
    last = time
    if (gaps.length >= FRAMES) decide()
    else frame = requestAnimationFrame(tick)
  }
  const late = setTimeout(decide, LIMIT_MS)
  frame = requestAnimationFrame(tick)
}

/** The person's choice wins; on `auto` the measurement decides, once per page. */
export function applyEffects() {
  const choice = preference('effects')
  if (choice !== 'auto') show(choice)
  else if (measured) show(measured)
  else measure()
}
