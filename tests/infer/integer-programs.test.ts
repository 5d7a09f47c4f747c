import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { boundsOf } from '../../src/graph/fact.ts';
import type { Node, QuantizationParams } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';

const tables = { reference, cpu, wasm: wasm() };

/** A whole number is 2 steps. */
const halves: QuantizationParams = { scale: 0.5, zeroPoint: 10 };
const linear = { name: 'linear' } as const;

/** What a network in int8 gives for a sample of a shape, on every table: the value `y` of nodes that read `q`. */
function given(
  shape: readonly number[],
  x: readonly number[],
  nodes: readonly Node[],
  weights: ReadonlyMap<string, Stored> = new Map(),
): number[][] {
  const isReal = nodes.find(({ name }) => name === 'y')!.format === null;
  const network = new Network({
    inputs: [{ name: 'x', shape, dtype: 'float32' }],
    nodes: [
      nodeOf('quantize', 'q', ['x'], {}, { format: halves }),
      ...nodes,
      ...(isReal ? [] : [nodeOf('dequantize', 'end', ['y'], {})]),
    ],
    outputs: [isReal ? 'y' : 'end'],
    weights,
  });
  const samples = x.length / shape.reduce((product, n) => product * n, 1);
  return Object.values(tables).map((kernels) => {
    const program = compileNetwork(network, samples, kernels);
    const y = [...program.run(Float32Array.from(x), samples)];
    expect([...program.run(Float32Array.from(x), samples)]).toEqual(y);
    program.dispose();
    return y;
  });
}

const everywhere = (...wanted: number[]): number[][] => Object.keys(tables).map(() => wanted);

/** A kernel in units of a quarter. */
const quarters = (shape: readonly number[], ...values: number[]): Stored => ({
  shape,
  encoding: { type: 'int8', values: Int8Array.from(values), scales: new Float32Array(shape.at(-1)!).fill(0.25) },
  mask: null,
});
const bias = (...values: number[]): Stored => ({
  shape: [values.length],
  encoding: { type: 'int32', values: Int32Array.from(values) },
  mask: null,
});
const steps = { strides: [1], padding: 'same', groups: 1 } as const;

describe('a program of int8, on every table', () => {
  test('convolves with zeros around, and a bias in units of both scales', () => {
    const attrs = { activation: linear, ...steps, dilations: [1] };
    const weights = new Map([
      ['k', quarters([3, 1, 1], 4, 8, -4)],
      ['b', bias(16)],
    ]);
    const own = { weights: { kernel: 'k', bias: 'b' } };
    // x[i - 1] + 2·x[i] - x[i + 1] + 2
    const wanted = everywhere(2, 4, 6, 13);
    expect(given([4, 1], [1, 2, 3, 4], [nodeOf('conv', 'y', ['q'], attrs, own)], weights)).toEqual(wanted);
    const format = { scale: 0.25, zeroPoint: -20 };
    const node = nodeOf('conv', 'y', ['q'], attrs, { ...own, format });
    expect(given([4, 1], [1, 2, 3, 4], [node], weights)).toEqual(wanted);
  });

  test('cuts relu6 off at 0 and at 6, in a convolution and in a dense layer, in int8 and in real numbers', () => {
    const activation = { name: 'relu6' } as const;
    const conv = { activation, ...steps, dilations: [1] };
    for (const format of [null, { scale: 0.25, zeroPoint: 5 }]) {
      const nodes = [
        nodeOf('conv', 'y', ['q'], conv, { weights: { kernel: 'k' }, format }),
        nodeOf('dense', 'y', ['q'], { activation }, { weights: { kernel: 'k' }, format }),
      ];
      nodes.forEach((node, i) => {
        const kernel = quarters(i === 0 ? [1, 1, 1] : [1, 1], 8);
        const y = given([4, 1], [-4, 1.5, 2.5, 4], [node], new Map([['k', kernel]]));
        expect(y, node.op).toEqual(everywhere(0, 3, 5, 6));
      });
    }
  });

  test('cuts relu6 off at the integer that quantize makes of 6, at ties too', () => {
    for (const scale of [12, 4, 2.4, 1.7142857313156128, 0.75, 0.05, 2 ** -40, 2 ** -100]) {
      const six = new Int8Array(1);
      reference.quantize(1, Float32Array.of(6), scale, 3, six);
      expect(boundsOf({ name: 'relu6' }, { scale: Math.fround(scale), zeroPoint: 3 }), `${scale}`).toEqual([3, six[0]]);
    }
  });

  test('puts the integer of 0 around an image, and copies integers and shuffles them', () => {
    const own = { format: halves };
    expect(given([2, 1], [3, -1], [nodeOf('zeroPad', 'y', ['q'], { widths: [[2, 1]] }, own)])).toEqual(
      everywhere(0, 0, 3, -1, 0),
    );
    expect(given([2, 1], [3, -1], [nodeOf('upsample', 'y', ['q'], { factors: [3] }, own)])).toEqual(
      everywhere(3, 3, 3, -1, -1, -1),
    );
    expect(given([4], [1, 2, 3, 4], [nodeOf('channelShuffle', 'y', ['q'], { groups: 2 }, own)])).toEqual(
      everywhere(1, 3, 2, 4),
    );
  });

  test('takes the largest, and the mean in a format of its own, of windows and of all', () => {
    const pool = { size: [2], strides: [2], padding: 'same' } as const;
    const x = [1, 2, 5, 2.5, -3];
    const fine = { scale: 0.125, zeroPoint: -7 };
    const largest = nodeOf('pool', 'y', ['q'], { kind: 'max', ...pool }, { format: halves });
    expect(given([5, 1], x, [largest])).toEqual(everywhere(2, 5, -3));
    const mean = nodeOf('pool', 'y', ['q'], { kind: 'average', ...pool }, { format: fine });
    expect(given([5, 1], x, [mean])).toEqual(everywhere(1.5, 3.75, -3));
    const all = nodeOf('globalPool', 'y', ['q'], { kind: 'average' }, { format: fine });
    expect(given([5, 1], [...x, 0, 0, 0, 0, 10], [all])).toEqual(everywhere(1.5, 2));
    const most = nodeOf('globalPool', 'y', ['q'], { kind: 'max' }, { format: halves });
    expect(given([2, 3, 1], [1, 2, 5, 2.5, -3, 0], [most])).toEqual(everywhere(5));
  });

  test('adds two values, and three, of formats of their own', () => {
    const twice = { scale: 2, zeroPoint: 1 };
    const other = nodeOf('quantize', 'r', ['x'], {}, { format: twice });
    const add = (inputs: string[]): Node => nodeOf('add', 'y', inputs, {}, { format: { scale: 1, zeroPoint: 0 } });
    expect(given([3], [4, -2, 8], [other, add(['q', 'r'])])).toEqual(everywhere(8, -4, 16));
    expect(given([3], [4, -2, 8], [other, add(['r', 'q', 'q'])])).toEqual(everywhere(12, -6, 24));
  });

  test('leaves a relu to the format of what it reads, where nothing is copied', () => {
    const format = { scale: 0.5, zeroPoint: -128 };
    const sum = nodeOf('add', 's', ['q', 'q'], {}, { format });
    const relu = nodeOf('activation', 'y', ['s'], { activation: { name: 'relu' } }, { format });
    expect(given([3], [4, -2, 8], [sum, relu])).toEqual(everywhere(8, 0, 16));
  });

  test('packs a kernel anew for convolutions that read it at other distances', () => {
    // A row of three taps and three channels has a row of zeros behind it; apart, each tap has
    const kernel = quarters([3, 3, 1], 4, 0, 0, 8, 0, 0, 12, 0, 0);
    const conv = (name: string, dilation: number): Node => {
      const attrs = { activation: linear, ...steps, dilations: [dilation] };
      return nodeOf('conv', name, ['q'], attrs, { weights: { kernel: 'k' }, format: halves });
    };
    const sum = nodeOf('add', 'y', ['a', 'b'], {}, { format: halves });
    const x = [1, 0, 0, 0, 2].flatMap((first) => [first, 5, 5]);
    // 2·x[i] + 1·x[i - 1] + 3·x[i + 1], and the same two apart
    expect(given([5, 3], x, [conv('a', 1), conv('b', 2), sum], new Map([['k', kernel]]))).toEqual(
      everywhere(4, 1, 7, 6, 8),
    );
  });
});
