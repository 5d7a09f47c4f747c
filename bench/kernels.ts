import { type FloatArray, reference, type TypedArray } from 'whittle-ml/kernels';
import { checkNear, checkSame } from './data.ts';
import type { KernelCase } from './kernel-case.ts';
import { kernelCases } from './kernel-cases.ts';
import { CheckError, type Row, type Variant } from './row.ts';
import { implementations, type Place, Places, type Table } from './tables.ts';

/** How far from `reference` a kernel may be whose table does not promise its bits. */
const TOLERANCE = 1e-5;

const isFloat = (array: TypedArray): array is FloatArray =>
  array instanceof Float32Array || array instanceof Float64Array;

/** Throws CheckError unless the result is that of `reference`: to the bit, or near it where the table may round otherwise. */
function checkResult(name: string, got: TypedArray, expected: TypedArray, exact: boolean): void {
  if (exact && got instanceof Float32Array) checkSame(name, got, expected as Float32Array);
  else if (isFloat(got)) checkNear(name, got, expected, TOLERANCE);
  else {
    const at = got.findIndex((x, i) => x !== expected[i]);
    if (at >= 0) throw new CheckError(`${name}: element ${at} is ${got[at]}, should be ${expected[at]}`);
  }
}

function variantOf({ kernel, size, make }: KernelCase, table: Table, place: Place, expected: TypedArray): Variant {
  const { call, y } = make(table.kernels, place);
  return {
    who: table.name,
    how: '',
    ours: true,
    run: () => {
      call();
      return y[0]! + y[y.length - 1]!;
    },
    check: () => {
      call();
      checkResult(`${table.name}: ${kernel} ${size}`, y, expected, table.exact);
    },
  };
}

/** Every kernel in each implementation that the tables have of it, against the reference's loop. */
export function kernelRows(tables: readonly Table[]): Row[] {
  return kernelCases.map(
    (one): Row => ({
      name: `${one.kernel} ${one.size}`,
      work: one.work,
      unit: 'Melement/s',
      ratio: 'speed',
      quick: one.quick,
      peers: false,
      open: () => {
        const places = new Places();
        const { call, y } = one.make(reference, places.of({ kernels: reference }));
        call();
        const variants = implementations(tables, one.kernel).map((table) => variantOf(one, table, places.of(table), y));
        return { variants, failures: [], close: () => places.free() };
      },
    }),
  );
}
