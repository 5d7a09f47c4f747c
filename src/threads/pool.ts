import type { Engine, ProductPool, WasmFunction } from '../../kernels/wasm/engine.ts';
import { ACCUMULATE, OPERAND } from '../../kernels/wasm/gemm-f32.ts';
import { Helper } from './helper.ts';
import { mayBlock } from './host.ts';
import type { ThreadStatus } from './status.ts';

/**
 * Rows of a product for each of several threads. The caller computes the first of them in place; workers compute theirs in
 * memory of their own, from which the caller copies them. A cell's sum over k is one thread's, in the same order as ever,
 * so the number of threads does not show in the bits. What a worker does not deliver in time the caller computes itself:
 * the inputs are still there, and nothing of C was touched.
 */

/** Rows of a share at least, two tiles; and shares are whole tiles of two rows. */
const LEAST_ROWS = 4;
const TILE_ROWS = 2;
/** A worker that began its share may take as long again as the caller for its own, and twice that, and this, in milliseconds. */
const PATIENCE = 10;
const PATIENCE_FACTOR = 2;
/** Milliseconds after which one that still owes an answer is replaced. */
const GRACE = 1000;

export class Pool implements ProductPool {
  private readonly engine: Engine;
  private readonly count: number;
  private readonly url: string | null;
  private readonly canBlock: boolean;
  private helpers: Helper[] = [];
  private isWatching = false;
  private bytes: Uint8Array;

  private constructor(engine: Engine, count: number, url: string | null) {
    this.engine = engine;
    this.count = count;
    this.url = url;
    this.canBlock = mayBlock();
    this.bytes = new Uint8Array(engine.heap.memory.buffer);
  }

  /** Starts `count` - 1 workers. Rejects with StateError, with none left, if one does not come up. */
  static async open(engine: Engine, count: number, url: string | null): Promise<Pool> {
    const pool = new Pool(engine, count, url);
    try {
      for (let i = 1; i < count; i++) pool.helpers.push(pool.start());
      await Promise.all(pool.helpers.map((helper) => helper.started()));
      return pool;
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  product(alone: WasmFunction, isRelaxed: boolean, operands: readonly number[]): void {
    const m = operands[OPERAND.m]!;
    const c = operands[OPERAND.c]!;
    const cRow = operands[OPERAND.cRow]!;
    const mode = operands[OPERAND.mode]!;
    const most = Math.floor(m / LEAST_ROWS) - 1;
    const ready = this.helpers.filter((helper) => helper.isReady()).slice(0, Math.max(0, most));
    const rows = TILE_ROWS * Math.floor(m / TILE_ROWS / (ready.length + 1));
    const bytes = rows * cRow;
    const helpers = ready.filter((helper) => helper.reserve(bytes));
    const own = m - rows * helpers.length;
    helpers.forEach((helper, i) => {
      const at = own + i * rows;
      if ((mode & ACCUMULATE) !== 0) this.copy(helper.resultAt, c + at * cRow, bytes);
      helper.queue({ operands: share(operands, at, rows), isRelaxed });
    });
    const begin = performance.now();
    alone(...share(operands, 0, own));
    if (helpers.length === 0) return;
    const end = performance.now();
    const deadline = end + PATIENCE + PATIENCE_FACTOR * (end - begin);
    helpers.forEach((helper, i) => {
      const at = own + i * rows;
      if (helper.collect(deadline, this.canBlock)) this.copy(c + at * cRow, helper.resultAt, bytes);
      else {
        alone(...share(operands, at, rows));
        this.watch();
      }
    });
  }

  status(): ThreadStatus {
    const { count } = this;
    const broken = this.helpers.filter((helper) => !helper.isReady());
    const alive = count - broken.length;
    const all = count === 1 ? 'the caller computes alone' : `all ${count} threads compute`;
    const reason = broken[0] === undefined ? all : `${alive} of ${count} threads compute: ${broken[0].problem}`;
    return { count, alive, isBroken: broken.length > 0, reason };
  }

  /** Replaces workers that have ended or owe an answer, and waits until the new ones have come up or failed. */
  async repair(): Promise<void> {
    const broken = this.helpers.filter((helper) => !helper.isReady());
    await Promise.all(broken.map((helper) => (helper.isStarting ? settled(helper) : this.replace(helper))));
  }

  /** Ends all workers. */
  close(): void {
    for (const helper of this.helpers) helper.retire();
    this.helpers = [];
  }

  private start(): Helper {
    const helper = new Helper(this.engine.heap, this.url, () => {
      // One that never came up would only fail again.
      if (helper.hasStarted) void this.replace(helper);
    });
    return helper;
  }

  private async replace(old: Helper): Promise<void> {
    const at = this.helpers.indexOf(old);
    if (at < 0) return; // replaced, or the pool is closed
    old.retire();
    try {
      this.helpers[at] = this.start();
    } catch {
      return; // The heap has no room; the status says that the old one has ended, and `repair` tries again.
    }
    await settled(this.helpers[at]);
  }

  /** At an asynchronous moment, sees whether those that were late have come back. */
  private watch(): void {
    if (this.isWatching) return;
    this.isWatching = true;
    const timer = setTimeout(() => {
      this.isWatching = false;
      const late = this.helpers.filter((helper) => !helper.isReady() && helper.lateSince !== null);
      const latest = performance.now() - GRACE;
      for (const helper of late) if (helper.lateSince! <= latest) void this.replace(helper);
      if (late.length > 0) this.watch();
    }, GRACE) as { unref?(): void };
    timer.unref?.();
  }

  /** Copies within the heap, which may have grown. */
  private copy(to: number, from: number, bytes: number): void {
    const { buffer } = this.engine.heap.memory;
    if (this.bytes.buffer !== buffer) this.bytes = new Uint8Array(buffer);
    this.bytes.copyWithin(to, from, from + bytes);
  }
}

/** Waits until a worker has come up or failed, which the status then says. */
const settled = (helper: Helper): Promise<void> => helper.started().catch(() => {});

/** The operands of `rows` rows from row `at` on: those of op(A) are `aRow` bytes apart, those of C `cRow`. */
function share(operands: readonly number[], at: number, rows: number): number[] {
  const part = [...operands];
  part[OPERAND.m] = rows;
  part[OPERAND.a] = operands[OPERAND.a]! + at * operands[OPERAND.aRow]!;
  part[OPERAND.c] = operands[OPERAND.c]! + at * operands[OPERAND.cRow]!;
  return part;
}
