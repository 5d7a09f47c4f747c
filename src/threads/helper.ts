import { OPERAND, OPERANDS, SCRATCH_BYTES } from '../../kernels/wasm/gemm-f32.ts';
import type { Heap } from '../../kernels/wasm/heap.ts';
import { LimitError, StateError } from '../base/errors.ts';
import { type HostWorker, startWorker } from './host.ts';
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
  spin,
  WITHDRAWN,
} from './protocol.ts';

/** Milliseconds that a worker may take to come up. */
const START_LIMIT = 10_000;
/** Milliseconds to look out for a result before going to sleep. */
const SPIN = 0.02;

/** Operands of a product and whether its sums are fused. */
export interface Job {
  readonly operands: readonly number[];
  readonly isRelaxed: boolean;
}

/** One worker as the caller sees it, and the worker's memory in the heap. See protocol.ts for its states. */
export class Helper {
  /** Why it ended; null while it lives. */
  end: string | null = null;
  /** Whether it came up. */
  hasStarted = false;
  /** When it failed to answer, in milliseconds; null if it owes no answer. */
  lateSince: number | null = null;
  private readonly heap: Heap;
  private readonly control: Int32Array;
  private readonly controlAt: number;
  private readonly worker: HostWorker;
  private scratch = 0;
  private result = 0;
  private resultBytes = 0;

  /** Starts a worker. `onEnd` is called when it has ended by itself. Throws LimitError without room in the heap. */
  constructor(heap: Heap, url: string | null, onEnd: () => void) {
    this.heap = heap;
    this.controlAt = heap.allocateBytes(4 * CONTROL_WORDS);
    this.control = heap.view('int32', this.controlAt, CONTROL_WORDS);
    try {
      this.worker = startWorker(url, { memory: heap.memory, control: this.controlAt }, (reason, isOver) => {
        if (this.end !== null) return;
        this.end = reason;
        const byItself = this.withdraw() !== RETIRED;
        if (isOver) {
          this.freeWork();
          heap.releaseBytes(this.controlAt);
        }
        if (byItself) onEnd();
      });
    } catch (error) {
      heap.releaseBytes(this.controlAt);
      throw error;
    }
  }

  /** Resolves when the worker has come up. Rejects with StateError if it ends or takes too long. */
  async started(): Promise<void> {
    const limit = performance.now() + START_LIMIT;
    while (this.isStarting) {
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
      if (!this.isStarting || performance.now() < limit) continue;
      this.retire();
      this.end = 'it did not start within 10 s';
    }
    if (this.end !== null) throw new StateError('threads', this.problem);
    this.hasStarted = true;
  }

  get isStarting(): boolean {
    return this.end === null && this.state === STARTING;
  }

  /** Whether it takes jobs. One that was late and has come back does so again. */
  isReady(): boolean {
    if (this.end !== null) return false;
    const state = Atomics.compareExchange(this.control, STATE, DONE, IDLE);
    if (state !== IDLE && state !== DONE) return false;
    this.lateSince = null;
    return true;
  }

  /** Why it takes no jobs, if so. */
  get problem(): string {
    if (this.end !== null) return `a worker ended: ${this.end}`;
    return this.lateSince === null ? 'a worker is starting' : 'a worker has not answered in time';
  }

  /** Makes room for a result. False if the heap has none. */
  reserve(bytes: number): boolean {
    try {
      if (this.scratch === 0) this.scratch = this.heap.allocateBytes(SCRATCH_BYTES);
      if (this.resultBytes >= bytes) return true;
      this.heap.releaseBytes(this.result);
      this.result = 0;
      this.resultBytes = 0;
      this.result = this.heap.allocateBytes(bytes);
      this.resultBytes = bytes;
      return true;
    } catch (error) {
      if (error instanceof LimitError) return false;
      throw error;
    }
  }

  /** Where its result is to be, or has arrived. */
  get resultAt(): number {
    return this.result;
  }

  /** Gives it a job; it must be ready. The result and the scratch memory are its own, whatever the operands say. */
  queue({ operands, isRelaxed }: Job): void {
    const { control } = this;
    for (let i = 0; i < OPERANDS; i++) control[JOB + i] = operands[i]!;
    control[JOB + OPERAND.c] = this.result;
    control[JOB + OPERAND.scratch] = this.scratch;
    control[JOB + OPERANDS] = Number(isRelaxed);
    Atomics.store(control, STATE, QUEUED);
    Atomics.notify(control, STATE);
  }

  /**
   * Whether the result is there by `deadline`, a time of `performance.now`. A job that nobody has begun is withdrawn at
   * once: the caller has it done before a worker that is not even awake.
   */
  collect(deadline: number, mayBlock: boolean): boolean {
    const { control } = this;
    let state = Atomics.compareExchange(control, STATE, QUEUED, WITHDRAWN);
    let left = 1;
    if (state === RUNNING) state = spin(control, RUNNING, SPIN);
    while (state === RUNNING && left > 0) {
      left = deadline - performance.now();
      if (left > 0 && mayBlock) Atomics.wait(control, STATE, RUNNING, left);
      state = left > 0 && !mayBlock ? spin(control, RUNNING, left) : Atomics.load(control, STATE);
    }
    if (state === DONE) return true;
    this.lateSince = performance.now();
    return false;
  }

  /** Ends it for good. */
  retire(): void {
    if (this.end !== null) return;
    this.withdraw();
    this.worker.stop();
  }

  private get state(): number {
    return Atomics.load(this.control, STATE);
  }

  /**
   * Lets it take no more jobs, and returns the state it was in. One that is in the middle of a job may go on writing for a
   * while: its memory is not given back, unless its end is heard of.
   */
  private withdraw(): number {
    const state = Atomics.exchange(this.control, STATE, RETIRED);
    Atomics.notify(this.control, STATE);
    if (state !== RUNNING && state !== RETIRED) this.freeWork();
    return state;
  }

  private freeWork(): void {
    this.heap.releaseBytes(this.scratch);
    this.heap.releaseBytes(this.result);
    this.scratch = 0;
    this.result = 0;
    this.resultBytes = 0;
  }
}
