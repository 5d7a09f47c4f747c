import { cpu, type ElementType, type Kernels, reference, type TypedArray, wasm } from 'whittle-ml/kernels';

/** A table of kernels under the name that its rows bear. */
export interface Table {
  readonly name: string;
  readonly kernels: Kernels;
  /** Whether it equals `reference` bit for bit. */
  readonly exact: boolean;
}

/** What this engine cannot run, in one sentence. */
export interface Missing {
  readonly name: string;
  readonly reason: string;
}

const ADVICE = 'on Node 20 run node --experimental-wasm-relaxed-simd bench/dist/main.js instead of npm run bench';

/**
 * Room for the arrays of any row. A heap that grows detaches its arrays, and those of a row stay with their variants: so
 * it grows before the row is opened.
 */
const RESERVE = 320 * 2 ** 20;

/** `reference` first, then each faster one that this engine runs. */
export function builtIn(make: typeof wasm = wasm): { tables: Table[]; missing: Missing[] } {
  const tables: Table[] = [
    { name: 'reference', kernels: reference, exact: true },
    { name: 'cpu', kernels: cpu, exact: true },
  ];
  const missing: Missing[] = [];
  const attempt = (name: string, relaxed: boolean, advice: string): void => {
    try {
      tables.push({ name, kernels: make({ relaxed }), exact: !relaxed });
    } catch (error) {
      missing.push({ name, reason: `${error instanceof Error ? error.message : String(error)}${advice}` });
    }
  };
  attempt('wasm', false, '');
  attempt('relaxed', true, `; ${ADVICE}`);
  return { tables, missing };
}

/** Makes room in the heaps of the tables for the next row: of so many bytes, or what any row needs. */
export function reserve(tables: readonly Table[], room: number = RESERVE): void {
  for (const heap of new Set(tables.map(({ kernels }) => kernels.heap))) {
    if (heap === undefined) continue;
    const { bytes, used } = heap.counters();
    if (bytes - used < room) heap.release(heap.allocate('uint8', room));
  }
}

/** `cpu` with the reader's kernels in place of ours. They may round as they like. */
export const ownTable = (kernels: Partial<Kernels>): Table => ({
  name: 'own',
  kernels: { ...cpu, ...kernels },
  exact: false,
});

/** One table for each different function that serves as `kernel`: tables share most of those that need no speed. */
export function implementations(tables: readonly Table[], kernel: keyof Kernels): Table[] {
  const seen = new Set<unknown>();
  return tables.filter(({ kernels }) => {
    const isNew = !seen.has(kernels[kernel]);
    seen.add(kernels[kernel]);
    return isNew;
  });
}

const typeOf = (array: TypedArray): ElementType =>
  array instanceof Float32Array
    ? 'float32'
    : array instanceof Int32Array
      ? 'int32'
      : array instanceof Int8Array
        ? 'int8'
        : array instanceof Uint8Array
          ? 'uint8'
          : 'float64';

/** Puts copies of arrays where a table reads them in place. */
export interface Place {
  readonly hold: <T extends TypedArray>(values: T) => T;
  readonly floats: (length: number) => Float32Array;
}

/** Places for the tables of a row; `free` gives all their memory back. */
export class Places {
  private readonly held: (() => void)[] = [];

  of({ kernels }: Pick<Table, 'kernels'>): Place {
    const { heap } = kernels;
    const hold = <T extends TypedArray>(values: T): T => {
      if (heap === undefined) return values.slice() as T;
      const array = heap.allocate(typeOf(values), values.length) as T;
      array.set(values as Float32Array);
      const { generation } = heap;
      this.held.push(() => {
        if (heap.generation !== generation)
          throw new Error('the heap grew under the arrays of a row, whose figures mean nothing');
        heap.release(array);
      });
      return array;
    };
    return { hold, floats: (length) => hold(new Float32Array(length)) };
  }

  free(): void {
    for (const release of this.held.splice(0)) release();
  }
}
