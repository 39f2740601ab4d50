import type { account } from './account'
import type { admin } from './admin'
import type { admission } from './admission'
import type { agent } from './agent'
import type { applications } from './applications'
import type { chat } from './chat'
import type { chips } from './chips'
import type { consent } from './consent'
import type { entry } from './entry'
import type { factors } from './factors'
import type { fill } from './fill'
import type { grants } from './grants'
import type { hire } from './hire'
import type { license } from './license'
import type { mail } from './mail'
import type { market } from './market'
import type { menus } from './menus'
import type { models } from './models'
import type { palette } from './palette'
import type { password } from './password'
import type { playground } from './playground'
import type { policies } from './policies'
import type { portal } from './portal'
import type { portalVendor } from './portal-vendor'
import type { prompts } from './prompts'
import type { providers } from './providers'
import type { quotas } from './quotas'
import type { reset } from './reset'
import type { roleWords } from './role-words'
import type { roles } from './roles'
import type { security } from './security'
import type { setup } from './setup'
import type { shell } from './shell'
import type { signInSettings } from './sign-in-settings'
import type { signin } from './signin'
import type { team } from './team'
import type { today } from './today'
import type { usage } from './usage'
import type { work } from './work'

/** The English catalogue: one file per area, keys carry the area's name. Types only, so that no area is loaded before its feature. */
export type Messages = typeof shell &
  typeof signin &
  typeof entry &
  typeof reset &
  typeof factors &
  typeof security &
  typeof roles &
  typeof admission &
  typeof chips &
  typeof menus &
  typeof palette &
  typeof password &
  typeof roleWords &
  typeof setup &
  typeof account &
  typeof applications &
  typeof consent &
  typeof policies &
  typeof signInSettings &
  typeof mail &
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
  typeof usage &
  typeof grants
