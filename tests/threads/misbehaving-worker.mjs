// A worker that misbehaves with its first job, as its query says: it is late, or silent for ever, or fails.
import { onStart } from '../../dist/src/threads/host.js';
import {
  CONTROL_WORDS,
  DONE,
  IDLE,
  QUEUED,
  RUNNING,
  STARTING,
  STATE,
  WITHDRAWN,
} from '../../dist/src/threads/protocol.js';

/** A word that is otherwise unused: the late worker goes on when it changes. */
const SIGNAL = 1;

onStart(({ memory, control: at }) => {
  const kind = new URL(import.meta.url).search;
  const control = new Int32Array(memory.buffer, at, CONTROL_WORDS);
  Atomics.compareExchange(control, STATE, STARTING, IDLE);
  while (Atomics.compareExchange(control, STATE, QUEUED, RUNNING) !== QUEUED) {
    if (Atomics.load(control, STATE) === WITHDRAWN) break;
  }
  if (kind === '?failing') throw new Error('no strength');
  Atomics.wait(control, SIGNAL, 0);
  for (;;) {
    const state = Atomics.load(control, STATE);
    if (state === RUNNING) Atomics.compareExchange(control, STATE, RUNNING, DONE);
    else if (state === WITHDRAWN) Atomics.compareExchange(control, STATE, WITHDRAWN, IDLE);
    else Atomics.wait(control, STATE, state);
  }
});
