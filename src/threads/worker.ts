import { instantiate, type WasmFunction } from '../../kernels/wasm/engine.ts';
import { OPERAND, OPERANDS, widthOf, writeGemm } from '../../kernels/wasm/gemm-f32.ts';
import { onStart } from './host.ts';
import {
  CONTROL_WORDS,
  DONE,
  IDLE,
  JOB,
  QUEUED,
  RETIRED,
  RUNNING,
  STARTING,
  STATE,
  type Start,
  spin,
  WITHDRAWN,
} from './protocol.ts';

/** The file that a worker runs: products on the caller's memory, one after the other, for as long as it lives. */

/**
 * Milliseconds to look out for the next job before going to sleep, if the last one came as soon. Not otherwise: on a busy
 * machine the caller may be waiting for this very core.
 */
const SPIN = 0.05;

function serve({ memory, control: at }: Start): void {
  const control = new Int32Array(memory.buffer, at, CONTROL_WORDS);
  /** Compiled when first needed, for each kind of n, as the caller's. */
  const modules: (WasmFunction | undefined)[] = [];
  const run = (): void => {
    const n = control[JOB + OPERAND.n]!;
    const isRelaxed = control[JOB + OPERANDS] === 1;
    const width = widthOf(n);
    const which = 2 * width + Number(isRelaxed);
    modules[which] ??= instantiate({ memory, isShared: true }, (func) => writeGemm(func, width, isRelaxed));
    modules[which](...control.subarray(JOB, JOB + OPERANDS));
  };
  let isBusy = false;
  Atomics.compareExchange(control, STATE, STARTING, IDLE);
  for (;;) {
    const state = Atomics.load(control, STATE);
    if (state === RETIRED) return;
    if (state === WITHDRAWN) Atomics.compareExchange(control, STATE, WITHDRAWN, IDLE);
    else if (state === QUEUED) {
      if (Atomics.compareExchange(control, STATE, QUEUED, RUNNING) !== QUEUED) continue;
      run();
      Atomics.compareExchange(control, STATE, RUNNING, DONE);
      Atomics.notify(control, STATE);
    } else {
      const idleSince = performance.now();
      if (!isBusy || spin(control, state, SPIN) === state) Atomics.wait(control, STATE, state);
      isBusy = performance.now() - idleSince < SPIN;
    }
  }
}

onStart((message) => serve(message as Start));
