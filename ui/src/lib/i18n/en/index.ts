import type { account } from './account'
import type { admin } from './admin'
import type { agent } from './agent'
import type { chat } from './chat'
import type { fill } from './fill'
import type { hire } from './hire'
import type { license } from './license'
import type { market } from './market'
import type { models } from './models'
import type { playground } from './playground'
import type { portal } from './portal'
import type { portalVendor } from './portal-vendor'
import type { prompts } from './prompts'
import type { providers } from './providers'
import type { quotas } from './quotas'
import type { setup } from './setup'
import type { shell } from './shell'
import type { signin } from './signin'
import type { team } from './team'
import type { today } from './today'
import type { usage } from './usage'
import type { work } from './work'

/** The English catalogue: one file per area, keys carry the area's name. Types only, so that no area is loaded before its feature. */
export type Messages = typeof shell &
  typeof signin &
  typeof setup &
  typeof account &
  typeof admin &
  typeof today &
  typeof work &
  typeof market &
  typeof agent &
  typeof hire &
  typeof license &
  typeof team &
  typeof fill &
  typeof prompts &
  typeof playground &
  typeof chat &
  typeof models &
  typeof providers &
  typeof portal &
  typeof portalVendor &
  typeof quotas &
  typeof usage
