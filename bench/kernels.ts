import { cpu, type Kernels, reference } from 'whittle-ml/kernels';
import { checkSame, normal } from './data.ts';
import type { Row } from './measure.ts';

/** A kernel on arrays made beforehand: `make` returns a call for one table and the array it writes. */
function row(name: string, n: number, make: (k: Kernels) => [call: () => void, y: Float32Array]): Row {
  const tables = { reference, cpu };
  const variants = Object.entries(tables).map(([table, k]) => {
    const [call, y] = make(k);
    const run = (): number => {
      call();
      return y[0]! + y[y.length - 1]!;
    };
    return { name: table, run, y };
  });
  const [first, second] = variants as [(typeof variants)[0], (typeof variants)[0]];
  const check = (): void => {
    for (const { run } of variants) run();
    checkSame(`${name} cpu`, second.y, first.y);
  };
  return { name, work: n, unit: 'Melement/s', ratio: 'speed', variants, check };
}

/** The reference's loop against the one of `cpu`, for kernels that a training step uses. */
export function kernelRows(): Row[] {
  const n = 4096;
  const [rows, classes] = [32, 10];
  const unary = (op: 'relu' | 'exp' | 'tanh' | 'sigmoid'): Row =>
    row(`${op} ${n}`, n, (k) => {
      const [x, y] = [normal(n, 1), new Float32Array(n)];
      return [() => k[op](n, x, y), y];
    });
  return [
    unary('relu'),
    unary('exp'),
    unary('tanh'),
    unary('sigmoid'),
    row('add bias 32x128', n, (k) => {
      const [x, bias, y] = [normal(n, 1), normal(128, 2), new Float32Array(n)];
      return [() => k.add(32, 128, x, 128, 1, bias, 0, 1, y), y];
    }),
    row('sum rows 32x128', n, (k) => {
      const [x, y] = [normal(n, 1), new Float32Array(128)];
      return [() => k.sum(1, 32, 128, x, 1, y), y];
    }),
    row('softmax 32x128', n, (k) => {
      const [x, y] = [normal(n, 1), new Float32Array(n)];
      return [() => k.softmax(32, 128, x, y), y];
    }),
    row('softmaxCrossEntropy 32x10', rows * classes, (k) => {
      const [z, t, p] = [normal(rows * classes, 1), oneHot(rows, classes), new Float32Array(rows * classes)];
      const loss = new Float32Array(rows);
      return [() => k.softmaxCrossEntropy(rows, classes, z, t, p, loss), loss];
    }),
    row('adam 11178', 11178, (k) => {
      const count = 11178; // the parameters of 100-64-64-10
      const [w, g] = [normal(count, 1), normal(count, 2)];
      const [m, v] = [new Float32Array(count), new Float32Array(count)];
      const s = Float32Array.of(0.001, 1e-7, 0.9, 0.1, 0.999, 0.001, 0);
      return [() => k.adam(count, w, g, m, v, null, s), w];
    }),
  ];
}

/** Rows of 0 with a single 1, the column by chance. */
export function oneHot(rows: number, classes: number): Float32Array {
  const y = new Float32Array(rows * classes);
  const chance = normal(rows, 3);
  for (let i = 0; i < rows; i++) y[i * classes + (Math.floor(Math.abs(chance[i]!) * 1000) % classes)] = 1;
  return y;
}
