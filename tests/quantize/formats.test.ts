import { describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import {
  cpu,
  decodeNetwork,
  encodeNetwork,
  type Kernels,
  type LayerFormatChoice,
  type Network,
  predictNetwork,
  quantize,
  reference,
  setBackend,
  type Tensor,
  toNetwork,
  wasm,
} from '../../src/index.ts';
import { plainOf } from '../../src/quantize/plain.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { values } from '../compress/tools.ts';

/** What a kernel is in each format, and how far a number of it may be from the one that it was, in steps of its scale. */
const FORMATS: readonly (readonly [choice: LayerFormatChoice, encoding: string, share: number])[] = [
  ['static', 'int8', 0.5],
  ['dynamic', 'int8', 0.5],
  ['fixed', 'fixed', 0.5],
  ['float16', 'float16', 0],
  ['bfloat16', 'bfloat16', 0],
  ['fixed8', 'fixed', 0.5],
  ['fixed16', 'fixed', 0.5],
  ['int8', 'int8', 0.5],
  ['uint8', 'levels', 1],
  ['int4', 'levels', 0.5],
  ['uint4', 'levels', 1],
  ['ternary', 'levels', Infinity],
  ['binary', 'levels', Infinity],
  [{ weights: 'int4', values: 'static' }, 'levels', 0.5],
  [{ weights: 'ternary', values: 'static' }, 'levels', Infinity],
  [{ weights: 'binary', values: 'static' }, 'levels', Infinity],
  [{ weights: 'int4', values: 'dynamic' }, 'levels', 0.5],
  [{ weights: 'ternary', values: 'dynamic' }, 'levels', Infinity],
  [{ weights: 'binary', values: 'dynamic' }, 'levels', Infinity],
  [{ weights: { type: 'int8', group: 5 } }, 'levels', 0.5],
  [{ weights: { type: 'int4', group: 7 } }, 'levels', 0.5],
];

/** The step between numbers of a weight at number i, as a newcomer would find it. */
function stepAt({ encoding, shape }: Stored, i: number): number {
  const units = shape.at(-1)!;
  const row = Math.floor(i / units);
  switch (encoding.type) {
    case 'int8':
      return encoding.scales[i % units]!;
    case 'fixed':
      return 1 / 2 ** encoding.fraction;
    case 'levels':
      return encoding.scales[Math.floor(row / encoding.group) * units + (i % units)]!;
    default:
      return 0;
  }
}

const named = (choice: LayerFormatChoice): string => (typeof choice === 'string' ? choice : JSON.stringify(choice));

function on(kernels: Kernels, network: Network, x: Tensor): number[] {
  const before = setBackend(kernels);
  try {
    return values(predictNetwork(network, x));
  } finally {
    setBackend(before);
  }
}

describe.each(Object.keys(FIVE))('%s', (name) => {
  const model = trained(name);
  const [x] = tenClasses(model, 5, 7);
  const plain = plainOf('test', toNetwork(model));
  const tables = [cpu, wasm()];

  test.each(FORMATS.map((row) => [named(row[0]), ...row] as const))(
    'in %s: kernels near theirs, the same bits on every table and after a file',
    (_, choice, encoding, share) => {
      const network = quantize(model, { format: choice, calibration: x });
      const kernels = network.nodes.flatMap((node) => node.weights.kernel ?? []);
      expect(kernels.length).toBeGreaterThan(1);
      for (const key of new Set(kernels)) {
        const weight = network.weights.get(key)!;
        expect(weight.encoding.type).toBe(encoding);
        const given = plain.weights.get(key)!.encoding.values;
        decodeWeight(weight)!.forEach((w, i) => {
          const error = Math.abs(w - given[i]!);
          const own = encoding.endsWith('16') && encoding !== 'fixed' ? Math.abs(given[i]!) * 2 ** -8 : 0;
          // float32 rounds the scale and the product
          const bound = share === Infinity ? Infinity : share * stepAt(weight, i) * (1 + 2 ** -12) + own + 2 ** -25;
          if (!(error <= bound)) throw new Error(`${key}[${i}]: ${w} for ${given[i]}`);
        });
      }
      const wanted = on(reference, network, x);
      expect(wanted.every(Number.isFinite)).toBe(true);
      for (const table of tables) expect(on(table, network, x)).toEqual(wanted);
      const again = decodeNetwork(encodeNetwork(network)).network;
      expect(on(cpu, again, x)).toEqual(wanted);
    },
  );
});
