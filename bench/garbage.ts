import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The engine's collector, where it can be had. */
function collector(): (() => void) | null {
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  } catch {
    return null;
  }
}

const collect = collector();

/**
 * Between rows: lets go of what the last one leaves behind, so that it is not collected within the next one's time, and
 * that tables take back the memory of its models, which they learn of a turn of the event loop later.
 */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    collect?.();
    await setImmediate();
  }
}
