// What most programs never ask for, loaded when it is asked for: half of what the library is made of, and with it half of the time that
// `runlet put` needs to start. Each is loaded once, and from then on the same promise is handed out: no call waits for the loader again
// (which the clock of the simulation would not notice).

/** Loads once. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}

export const later = {
  doctor: once(() => import('./store/doctor.ts')),
  sweep: once(() => import('./run/sweep/sweep.ts')),
  timeline: once(() => import('./run/timeline/timeline.ts')),
  workingCopy: once(() => import('./sync/working-copy.ts')),
}
