/** Sparse weights: made of what was pruned, held in files, and in full again for whatever else is done with them. */
import { describe, expect, test } from 'vitest';
import { isSparse } from '../../src/graph/encoding.ts';
import {
  Conv2D,
  Conv2DTranspose,
  compare,
  Dense,
  DepthwiseConv2D,
  decodeNetwork,
  encodeNetwork,
  Flatten,
  foldBatchNorm,
  foldConstants,
  fromNetwork,
  measure,
  Network,
  networkCost,
  prune,
  pruneNeurons,
  QuantizedNetwork,
  quantize,
  Sequential,
  type SparsePatternName,
  type Stored,
  shrink,
  toDense,
  toNetwork,
  toSparse,
} from '../../src/index.ts';
import { decodeSafetensors } from '../../src/io/index.ts';
import { storedBytes } from '../../src/io/weight-tensors.ts';
import { textOf } from '../infer/networks.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { normal, quick, smallModel } from './tools.ts';

const PATTERNS: readonly ('auto' | SparsePatternName)[] = ['auto', 'columns', 'quads', 'panels'];
const WIDTHS = { columns: 1, quads: 4, panels: 16 } as const;
const roundTrip = (network: Network): Network => decodeNetwork(encodeNetwork(network)).network;
const bytesOf = ({ weights }: Network): number => [...weights.values()].reduce((sum, w) => sum + storedBytes(w), 0);
const kindsOf = (network: Network): string[] => [...network.weights.values()].map(({ encoding }) => encoding.type);

/** The network with a share of the blocks of `width` in each kernel masked: all but every n-th. */
function inBlocks(network: Network, width: number, every: number, living = (_at: number): boolean => true): Network {
  const weights = new Map(network.weights);
  for (const [key, { shape, encoding }] of network.weights) {
    if (!key.endsWith('/kernel')) continue;
    const units = shape.at(-1)!;
    const blocks = Math.ceil(units / width);
    const mask = Uint8Array.from(encoding.values, (_, i) => {
      const block = Math.floor(i / units) * blocks + Math.floor((i % units) / width);
      return Number(block % every === 0 && living(i));
    });
    const values = (encoding.values as Float32Array).map((value, i) => value * mask[i]! + 0);
    weights.set(key, { shape, encoding: { type: 'float32', values }, mask });
  }
  return new Network({ ...network, weights });
}

/** What a file must hold of a weight, from the pattern alone. */
function promised({ shape, encoding, mask }: Stored): number {
  if (!isSparse(encoding)) throw new Error('dense');
  const { width, starts, rows, values } = encoding;
  const units = shape.at(-1)!;
  const terms = shape.reduce((a, b) => a * b, 1) / units;
  const panels = Math.ceil(units / width);
  let [held, hops, next] = [0, 0, 0];
  for (let p = 0; p < panels; p++)
    for (let i = starts[p]!; i < starts[p + 1]!; i++) {
      held += Math.min(width, units - p * width);
      hops += Math.floor((p * terms + rows[i]! - next) / 255);
      next = p * terms + rows[i]! + 1;
    }
  hops += Math.floor((panels * terms - next) / 255);
  const codes = [
    [0, Math.ceil((panels * terms) / 8)],
    [16, rows.length + hops],
  ] as const;
  const [, places] = codes.reduce((a, b) => (b[0] + b[1] < a[0] + a[1] ? b : a)); // a name that is not usual costs 16
  expect(mask).toBeNull();
  return values.BYTES_PER_ELEMENT * held + places + (encoding.type === 'sparseInt8' ? 4 * units : 0);
}

function checkBytes(network: Network): void {
  const file = encodeNetwork(network);
  const header = new DataView(file.buffer).getUint32(0, true);
  const { tensors } = decodeSafetensors(file);
  let all = 8 + header;
  for (const [key, weight] of network.weights) {
    const own = [...tensors].filter(([name]) => name === key || name.startsWith(`${key}.`));
    const bytes = own.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
    expect(storedBytes(weight), key).toBe(bytes);
    if (isSparse(weight.encoding)) expect(bytes, key).toBe(promised(weight));
    all += bytes;
  }
  expect(file.length).toBe(all);
}

describe.each(Object.keys(FIVE))('sparse weights of %s', (name) => {
  const model = trained(name);
  const [x] = tenClasses(model);
  const pruned = toNetwork(prune(model, { sparsity: 0.8 }));

  test.each(PATTERNS)('hold what is not pruned, and give all of it back: %s', (pattern) => {
    const sparse = toSparse(pruned, { pattern });
    if (pattern !== 'panels') expect(kindsOf(sparse)).toContain('sparse');
    expect(textOf(toDense(sparse))).toBe(textOf(pruned));
    expect(textOf(toSparse(prune(model, { sparsity: 0.8 }), { pattern }))).toBe(textOf(sparse));
    expect(textOf(toSparse(sparse, { pattern }))).toBe(textOf(sparse));
    const back = roundTrip(sparse);
    expect(textOf(back)).toBe(textOf(sparse));
    expect(Buffer.from(encodeNetwork(back)).equals(encodeNetwork(sparse))).toBe(true);
  });

  test.each(Object.entries(WIDTHS))('in %s take the bytes that the formula says', (pattern, width) => {
    const blocks = inBlocks(toNetwork(model), width, 7);
    const sparse = toSparse(blocks, { pattern: pattern as SparsePatternName });
    expect(kindsOf(sparse).filter((kind) => kind === 'sparse').length).toBeGreaterThan(1);
    checkBytes(sparse);
    expect(textOf(toDense(sparse))).toBe(textOf(blocks));
    expect(bytesOf(sparse)).toBeLessThan(0.4 * bytesOf(toNetwork(model)));
  });

  test('are a model again, with masks, which predicts the same', () => {
    const sparse = toSparse(pruned);
    const again = fromNetwork(sparse);
    expect(textOf(toNetwork(again))).toBe(textOf(pruned));
    expect(again.predict(x)).toEqual(fromNetwork(pruned).predict(x));
  });

  test('go through every pass as the numbers in full do', () => {
    const sparse = toSparse(pruned);
    const passes: ((network: Network) => Network)[] = [
      (network) => prune(network, { sparsity: 0.9 }),
      (network) => pruneNeurons(network, { amount: 0.3 }),
      (network) => pruneNeurons(network, { amount: 0.3, mask: true }),
      shrink,
      foldConstants,
      foldBatchNorm,
      (network) => quantize(network, { calibration: x }),
    ];
    for (const pass of passes) {
      const result = pass(sparse);
      expect(kindsOf(result)).not.toContain('sparse');
      expect(textOf(result)).toBe(textOf(pass(pruned)));
    }
  });

  test('are int8 where the pruned network was quantized, and nothing pruned is anything but 0', () => {
    const blocks = inBlocks(toNetwork(model), 16, 5);
    const int8 = quantize(blocks, { calibration: x });
    for (const [key, { encoding, mask }] of int8.weights) {
      if (encoding.type !== 'int8') continue;
      expect(mask, key).not.toBeNull();
      expect(encoding.values.every((q, i) => mask![i] === 1 || q === 0)).toBe(true);
    }
    const sparse = toSparse(int8);
    expect(sparse).toBeInstanceOf(QuantizedNetwork);
    expect((sparse as QuantizedNetwork).notes).toEqual(int8.notes);
    expect(kindsOf(sparse).filter((kind) => kind === 'sparseInt8').length).toBeGreaterThan(1);
    expect(textOf(toDense(sparse))).toBe(textOf(int8));
    expect(toDense(sparse)).toBeInstanceOf(QuantizedNetwork);
    expect(textOf(roundTrip(sparse))).toBe(textOf(sparse));
    checkBytes(sparse);
    expect(encodeNetwork(sparse).length).toBeLessThan(encodeNetwork(int8).length);
    expect(() => toSparse(int8, { pattern: 'quads' })).toThrow(/is int8, which comes in panels, not in quads/);
  });
});

/** One dense kernel of 64 inputs and 40 units, and a bias. */
function single(values: (at: number) => number, mask: ((at: number) => boolean) | null = null): Network {
  const network = toNetwork(new Sequential([new Dense(40, { name: 'd', inputShape: [64] })]));
  const encoding = { type: 'float32', values: Float32Array.from({ length: 2560 }, (_, i) => values(i)) } as const;
  const alive = mask && Uint8Array.from(encoding.values, (_, i) => Number(mask(i)));
  const weights = new Map(network.weights).set('d/kernel', { shape: [64, 40], encoding, mask: alive });
  return new Network({ ...network, weights });
}
const kernelOf = (network: Network): Stored => network.weights.get('d/kernel')!;
const widthOf = (network: Network): number | null => {
  const { encoding } = kernelOf(network);
  return isSparse(encoding) ? encoding.width : null;
};

describe('toSparse', () => {
  test('takes panels where they hold a quarter more than lives at most, else what is smallest', () => {
    const panels = (i: number, hole: number): number => (Math.floor(i / 40) % 4 === 0 && i % hole !== 0 ? 1 : 0);
    expect(widthOf(toSparse(single((i) => panels(i, 1e9))))).toBe(16);
    expect(widthOf(toSparse(single((i) => panels(i, 5))))).toBe(16); // 640 for 512
    expect(widthOf(toSparse(single((i) => panels(i, 4))))).toBe(1); // 640 for 480
    expect(widthOf(toSparse(single((i) => (i % 16 < 4 && i % 5 < 2 ? 1 : 0))))).toBe(1);
    expect(widthOf(toSparse(single((i) => (Math.floor((i % 40) / 4) % 5 === Math.floor(i / 40) % 5 ? 1 : 0))))).toBe(4);
  });

  test('leaves a kernel that would not be smaller as it is', () => {
    for (const pattern of PATTERNS) {
      const full = single(() => 1);
      expect(toSparse(full, { pattern })).toEqual(full);
      expect(kernelOf(toSparse(full, { pattern }))).toBe(kernelOf(full));
    }
    // A bit for each of 64 rows in 3 panels: six numbers are worth it
    const but = (n: number) => single((i) => (i % 40 < 16 && i < 40 * n ? 0 : 1));
    expect(widthOf(toSparse(but(1), { pattern: 'panels' }))).toBe(16); // 64 bytes saved, 24 for places
    expect(
      widthOf(
        toSparse(
          single((i) => (i < 80 ? 0 : 1)),
          { pattern: 'columns' },
        ),
      ),
    ).toBeNull(); // 320 and 320
    expect(
      widthOf(
        toSparse(
          single((i) => (i < 81 ? 0 : 1)),
          { pattern: 'columns' },
        ),
      ),
    ).toBe(1);
  });

  test('keeps a mask that is finer than its pattern, and weights that live at 0', () => {
    const network = single(
      (i) => (i < 400 && i % 3 === 0 ? 0.5 : 0),
      (i) => i < 400 && i % 3 !== 1,
    );
    for (const pattern of PATTERNS) {
      const sparse = toSparse(network, { pattern });
      expect(kernelOf(sparse).mask === null).toBe(widthOf(sparse) === 1);
      expect(toDense(sparse)).toEqual(network);
      expect(textOf(roundTrip(sparse))).toBe(textOf(sparse));
    }
  });

  test('loses no number: NaN, infinities, -0, and one that a mask does not allow', () => {
    const odd: Record<number, number> = { 3: NaN, 300: Infinity, 700: -0, 1111: -Infinity, 2559: 1e-45 };
    const values = (i: number): number => odd[i] ?? 0;
    for (const pattern of PATTERNS) {
      for (const network of [single(values), single(values, (i) => i === 3)]) {
        const sparse = toSparse(network, { pattern });
        expect(kernelOf(toDense(sparse)).encoding).toEqual(kernelOf(network).encoding);
        expect(textOf(roundTrip(sparse))).toBe(textOf(sparse));
      }
      expect(
        kernelOf(
          toDense(
            toSparse(
              single(values, (i) => i === 3),
              { pattern },
            ),
          ),
        ).mask!.indexOf(1),
      ).toBe(3);
    }
  });

  test('leaves the kernels of grouped, depthwise and transposed convolutions, and of several kinds of nodes, dense', () => {
    const model = new Sequential(
      [
        new Conv2D(8, 3, { inputShape: [6, 6, 4], name: 'plain' }),
        new Conv2D(8, 1, { groups: 2, name: 'grouped' }),
        new DepthwiseConv2D(3, { name: 'each' }),
        new Conv2DTranspose(8, 2, { name: 'back' }),
        new Flatten(),
        new Dense(16, { name: 'last' }),
      ],
      { seed: 1 },
    );
    const sparse = toSparse(prune(toNetwork(model), { sparsity: 0.9, scope: 'layer' }));
    const found = [...sparse.weights].flatMap(([key, { encoding }]) => (isSparse(encoding) ? [key] : []));
    expect(found).toEqual(['plain/kernel', 'last/kernel']);
  });

  test('says what it cannot make', () => {
    expect(() => toSparse(smallModel(1, 'float64'))).toThrow(
      'toSparse: sparse weights are float32 or int8, got float64',
    );
    expect(() => toSparse(smallModel(), { pattern: 'rows' as 'auto' })).toThrow(/pattern must be/);
    expect(() => toSparse(smallModel(), { width: 4 } as object)).toThrow(/width/);
    expect(() => toSparse({} as Network)).toThrow(
      'toSparse: the network must be a network, as toNetwork(model) makes one, got {}',
    );
    expect(() => toDense(null as unknown as Network)).toThrow(/toDense: the subject must be a model or a network/);
  });
});

describe('what a sparse network says of itself', () => {
  const network = single((i) => (Math.floor(i / 40) % 8 === 0 ? 1 : 0));
  const sparse = toSparse(network);

  test('its parameters are those of the shapes, and those that are not zero', () => {
    const { nodes: _, ...cost } = networkCost(sparse);
    expect(cost).toEqual({ parameters: 2600, nonZeroParameters: 320, macs: 2560 });
  });

  test('measured and compared, how many numbers are held', () => {
    expect(measure(network, quick)).not.toHaveProperty('heldParameters');
    expect(measure(sparse, quick)).toMatchObject({
      ...{ heldParameters: 360, parameters: 2600 },
      ...{ heldMacs: 320, macs: 2560 },
    });
    const { notes } = compare(network, sparse, quick);
    expect(notes[0]).toBe('2600 parameters and 2560 multiply-adds, as many as before, of which 360 and 320 are held');
    expect(compare(sparse, network, quick).notes.join()).not.toContain('held');
  });

  test('printed, in which blocks', () => {
    expect(`${sparse}`).toContain('dense(input, d/kernel [64, 40] (1x16, 320 held), d/bias [40])');
    expect(`${sparse}`).toContain('2,600 parameters, 2,560 multiply-adds');
    expect(`${toSparse(normalKernel(), { pattern: 'columns' })}`).toContain('d/kernel [64, 40] (1x1, 512 held)');
  });
});

const normalKernel = (): Network => {
  const { data } = normal([2560]);
  return single((i) => (i % 5 === 0 ? data[i]! : 0));
};
