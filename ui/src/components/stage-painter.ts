const POINTS = 760
const GOLDEN_ANGLE = 2.399963
const TAIL = 18
const TAIL_STEP = 0.014
const IN_SPEED = 0.5
const OUT_SPEED = 0.62
/** Narrower stages show their chips as icons only, so lanes start nearer to the edge. */
const NARROW = 430
/** Below this width the chips leave less room for the sphere. */
const WIDE = 520

type Point = readonly [x: number, y: number, z: number]
/** `in` lanes run from the start edge to the sphere, `out` lanes from the sphere to the end edge. */
export type Side = 'in' | 'out'
type Packet = { side: Side; lane: number; at: number; speed: number }
type Colours = { first: string; second: string; dark: boolean }

/** Points spread evenly on a sphere (Fibonacci lattice). */
const SPHERE: readonly Point[] = Array.from({ length: POINTS }, (_, index) => {
  const y = 1 - (index / (POINTS - 1)) * 2
  const radius = Math.sqrt(1 - y * y)
  const angle = index * GOLDEN_ANGLE
  return [Math.cos(angle) * radius, y, Math.sin(angle) * radius] as const
})

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement)
  const channel = (name: string) => style.getPropertyValue(name).trim().replaceAll(' ', ',')
  return { first: channel('--glow'), second: channel('--glow2'), dark: document.documentElement.dataset.theme === 'dark' }
}

/** Draws the flow of work on a 2D canvas: lanes in, a sphere of points, lanes out. Packets travel only when told to. */
export class StagePainter {
  readonly #pen: CanvasRenderingContext2D
  readonly #lanes: Record<Side, readonly number[]>
  readonly #onLand: (side: Side, lane: number) => void
  #colours = readColours()
  #packets: Packet[] = []
  #width = 0
  #height = 0
  #time = 2.4
  #pulse = 0.5
  /** How fast the sphere turns; raised while an employee is answering. */
  #spin = 1

  /** Lanes are heights between 0 (top) and 1 (bottom). `onLand` hears every packet that reaches the end of its lane. */
  constructor(pen: CanvasRenderingContext2D, lanes: Record<Side, readonly number[]>, onLand: (side: Side, lane: number) => void) {
    this.#pen = pen
    this.#lanes = lanes
    this.#onLand = onLand
  }

  resize(width: number, height: number, ratio: number) {
    const canvas = this.#pen.canvas
    this.#width = width
    this.#height = height
    canvas.width = width * ratio
    canvas.height = height * ratio
    this.#pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  }

  recolour() {
    this.#colours = readColours()
  }

  /** Sends one packet down a lane; `delay` seconds pass before it shows. */
  send(side: Side, lane: number, delay = 0) {
    const speed = side === 'in' ? IN_SPEED : OUT_SPEED
    this.#packets.push({ side, lane, at: -delay * speed, speed })
  }

  /** Draws the next frame, `seconds` after the last one. */
  frame(seconds: number, working: boolean) {
    this.#spin += ((working ? 3 : 1) - this.#spin) * Math.min(1, seconds * 2)
    this.#time += seconds * this.#spin
    this.#pulse *= Math.exp(-seconds * 2.6)
    this.#pen.clearRect(0, 0, this.#width, this.#height)
    this.#drawHalo()
    this.#drawLanes()
    this.#drawSphere()
    this.#drawOrbits()
    for (const packet of this.#packets) {
      packet.at += packet.speed * seconds
      this.#drawPacket(packet)
      if (packet.at < 1) continue
      if (packet.side === 'in') this.#pulse = 1
      this.#onLand(packet.side, packet.lane)
    }
    this.#packets = this.#packets.filter((packet) => packet.at < 1)
  }

  get #radius() {
    return Math.min(this.#width * (this.#width < WIDE ? 0.165 : 0.2), this.#height * 0.3)
  }

  #colour(side: Side, alpha: number) {
    return `rgba(${side === 'in' ? this.#colours.first : this.#colours.second},${alpha})`
  }

  /** A place on a lane's curve, `at` from 0 (its beginning) to 1 (its end). */
  #place(side: Side, lane: number, at: number): [x: number, y: number] {
    const edge = this.#width < NARROW ? 44 : this.#width * 0.21
    const height = (this.#lanes[side][lane] ?? 0.5) * this.#height
    const centre = this.#height / 2 + (height - this.#height / 2) * 0.18
    const reach = this.#radius * 0.9
    const [x0, y0, x1, y1] =
      side === 'in' ? [edge, height, this.#width / 2 - reach, centre] : [this.#width / 2 + reach, centre, this.#width - edge, height]
    const middle = (x0 + x1) / 2
    const rest = 1 - at
    const [a, b, c, d] = [rest ** 3, 3 * rest * rest * at, 3 * rest * at * at, at ** 3]
    return [a * x0 + (b + c) * middle + d * x1, (a + b) * y0 + (c + d) * y1]
  }

  #drawHalo() {
    const { dark } = this.#colours
    const [x, y] = [this.#width / 2, this.#height / 2]
    const outer = Math.min(y, this.#radius * (1.75 + this.#pulse * 0.2))
    const halo = this.#pen.createRadialGradient(x, y, this.#radius * 0.1, x, y, Math.max(outer, this.#radius * 0.11))
    halo.addColorStop(0, this.#colour('in', dark ? 0.42 : 0.22))
    halo.addColorStop(0.5, this.#colour('out', dark ? 0.14 : 0.09))
    halo.addColorStop(1, this.#colour('out', 0))
    this.#pen.fillStyle = halo
    this.#pen.fillRect(0, 0, this.#width, this.#height)
  }

  #drawLanes() {
    this.#pen.lineWidth = 1.3
    for (const side of ['in', 'out'] as const) {
      this.#pen.strokeStyle = this.#colour(side, this.#colours.dark ? 0.34 : 0.26)
      for (const lane of this.#lanes[side].keys()) {
        this.#pen.beginPath()
        for (let step = 0; step <= 24; step++) this.#pen.lineTo(...this.#place(side, lane, step / 24))
        this.#pen.stroke()
      }
    }
  }

  #drawSphere() {
    const [turn, tilt, radius] = [this.#time * 0.32, 0.42, this.#radius]
    const [cosTurn, sinTurn, cosTilt, sinTilt] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)]
    for (const [px, py, pz] of SPHERE) {
      const x = px * cosTurn + pz * sinTurn
      const depth = -px * sinTurn + pz * cosTurn
      const y = py * cosTilt - depth * sinTilt
      const near = (py * sinTilt + depth * cosTilt + 1) / 2
      const wave = 1 + 0.035 * Math.sin(this.#time * 1.7 + py * 6) + this.#pulse * 0.09
      const lit = Math.sin(this.#time * 1.3 + py * 3 + px * 2) > 0.55
      this.#pen.fillStyle = this.#colour(lit ? 'out' : 'in', 0.14 + near * 0.86)
      this.#pen.beginPath()
      const size = (0.35 + near * 1.15) * (radius / 105)
      this.#pen.arc(this.#width / 2 + x * radius * wave, this.#height / 2 + y * radius * wave, Math.max(0, size), 0, Math.PI * 2)
      this.#pen.fill()
    }
  }

  #drawOrbits() {
    const [x, y, radius] = [this.#width / 2, this.#height / 2, this.#radius]
    this.#pen.lineCap = 'round'
    if (this.#pulse > 0.03) {
      this.#pen.beginPath()
      this.#pen.arc(x, y, radius * (1.06 + (1 - this.#pulse) * 0.5), 0, Math.PI * 2)
      this.#pen.strokeStyle = this.#colour('in', this.#pulse * 0.55)
      this.#pen.lineWidth = 1.4
      this.#pen.stroke()
    }
    this.#pen.lineWidth = 1.6
    for (const [side, wide, flat, lean, pace] of [['in', 1.28, 0.4, -0.42, 0.6] as const, ['out', 1.48, 0.5, 0.33, -0.7] as const]) {
      const start = this.#time * pace
      this.#pen.beginPath()
      this.#pen.ellipse(x, y, radius * wide, radius * flat, lean, start, start + 2.1)
      this.#pen.strokeStyle = this.#colour(side, 0.75)
      this.#pen.stroke()
    }
  }

  #drawPacket({ side, lane, at }: Packet) {
    for (let piece = 0; piece < TAIL; piece++) {
      const here = at - piece * TAIL_STEP
      if (here < TAIL_STEP || here > 1) continue
      this.#pen.strokeStyle = this.#colour(side, (1 - piece / TAIL) ** 1.6)
      this.#pen.lineWidth = 3.2 * (1 - piece / 22)
      this.#pen.beginPath()
      this.#pen.moveTo(...this.#place(side, lane, here))
      this.#pen.lineTo(...this.#place(side, lane, here - TAIL_STEP))
      this.#pen.stroke()
    }
    if (at < 0 || at > 1) return
    this.#pen.fillStyle = this.#colours.dark ? '#fff' : this.#colour(side, 1)
    this.#pen.beginPath()
    this.#pen.arc(...this.#place(side, lane, at), 2.6, 0, Math.PI * 2)
    this.#pen.fill()
  }
}
