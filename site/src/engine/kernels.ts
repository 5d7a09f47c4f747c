import { decodeWeight, type Network, type Stored } from 'whittle-ml';
import type { KernelChange } from './messages.ts';

/** Of layers, by name, the units that are left, in order. */
export type Kept = ReadonlyMap<string, readonly number[]>;

interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly values: ArrayLike<number>;
  readonly mask: ArrayLike<number> | null;
}

/** The kernels of dense layers in order, as real numbers. */
function matricesOf({ nodes, weights }: Network): Matrix[] {
  return nodes.flatMap((node): Matrix[] => {
    const { kernel } = node.weights as { readonly kernel?: string };
    if (kernel === undefined || node.op !== 'dense') return [];
    const weight = weights.get(kernel) as Stored;
    const [rows, columns] = weight.shape as [number, number];
    return [{ name: node.name, rows, columns, values: decodeWeight(weight)!, mask: weight.mask }];
  });
}

/**
 * Which units of each layer are left in a network whose layers are those of another one, without some of their units: columns of
 * a kernel that stay are equal in the rows that stay.
 */
export function keptUnits(before: Network, after: Network): Kept {
  const kept = new Map<string, readonly number[]>();
  const now = new Map(matricesOf(after).map((matrix) => [matrix.name, matrix]));
  let rows: readonly number[] | null = null;
  for (const was of matricesOf(before)) {
    const left = now.get(was.name);
    if (left === undefined) continue;
    const own = rows ?? Array.from({ length: was.rows }, (_, i) => i);
    const columns: number[] = [];
    for (let j = 0, next = 0; j < left.columns; j++, next++) {
      const isSame = (column: number): boolean =>
        own.every((row, i) => was.values[row * was.columns + column] === left.values[i * left.columns + j]);
      while (next < was.columns && !isSame(next)) next++;
      columns.push(next);
    }
    kept.set(was.name, columns);
    rows = columns;
  }
  return kept;
}

/** Kernels of a network and what became of them, in the rows and columns that they had. */
export function kernelChanges(from: Network, exact: Network, after: Network, kept: Kept): KernelChange[] {
  const [real, held] = [exact, after].map((network) => new Map(matricesOf(network).map((m) => [m.name, m])));
  const all = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
  let rowsLeft: readonly number[] | undefined;
  return matricesOf(from).map(({ name, rows, columns, values }): KernelChange => {
    const left = rowsLeft ?? all(rows);
    const units = kept.get(name) ?? all(columns);
    rowsLeft = kept.has(name) ? units : undefined;
    const size = rows * columns;
    const change = {
      ...{ name, rows, columns, before: Float32Array.from(values), mask: new Uint8Array(size) },
      ...{ after: new Float32Array(size), exact: new Float32Array(size) },
    };
    const now = held!.get(name);
    const own = real!.get(name);
    if (now === undefined || own === undefined) return change;
    left.forEach((row, i) => {
      units.forEach((column, j) => {
        const [at, place] = [i * own.columns + j, row * columns + column];
        change.mask[place] = own.mask === null || own.mask[at] !== 0 ? 1 : 0;
        change.exact[place] = own.values[at]!;
        change.after[place] = now.values[at]!;
      });
    });
    return change;
  });
}
