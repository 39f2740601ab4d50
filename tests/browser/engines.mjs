// The engine processes of a node, held for a moment: an answer then stays unfinished for as long as a test needs.
import fs from 'node:fs'

/** Process ids of what the node started. */
function childrenOf(process_id) {
  const found = []
  for (const entry of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(entry)
    if (parent === process_id) found.push(Number(entry))
  }
  return found
}

function parentOf(process_id) {
  try {
    // The name in brackets may hold anything, so the fields are counted from its end.
    const fields = fs.readFileSync(`/proc/${process_id}/stat`, 'utf8').split(') ').at(-1)
    return Number(fields.split(' ')[1])
  } catch {
    // It ended between the listing and the look.
    return undefined
  }
}

/** Holds the engines of a node, runs `work`, and lets them go on. */
export async function whileEnginesAreHeld(node, work) {
  const engines = childrenOf(node.process_id)
  if (engines.length === 0) throw new Error('the node runs no engine')
  for (const engine of engines) process.kill(engine, 'SIGSTOP')
  try {
    return await work()
  } finally {
    for (const engine of engines) process.kill(engine, 'SIGCONT')
  }
}
