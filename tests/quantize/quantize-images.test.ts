import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { Node } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  Activation,
  Add,
  AvgPool2D,
  BatchNorm,
  Concat,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  input,
  type Layer,
  MaxPool2D,
  Model,
  quantize,
  Residual,
  randomNormal,
  Sequential,
  ZeroPadding2D,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { normal } from '../compress/tools.ts';
import { inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';
import { plainInt8 } from './plain-int8.ts';

const tables = { reference, cpu, wasm: wasm() };

function run(network: Network, kernels: typeof cpu, x: Float32Array, samples: number): Float32Array[] {
  const program = compileNetwork(network, samples, kernels);
  const outputs = program.run([x], samples).map((y) => y.slice());
  program.dispose();
  return outputs;
}

/** The network with an activation behind each sum and concatenation, which all reads that read these. */
function withRelus(network: Network, seed: number): Network {
  if (seed % 2 === 0) return network;
  const joins = new Set(network.nodes.flatMap(({ op, name }) => (op === 'add' || op === 'concat' ? [name] : [])));
  const activation = { name: seed % 3 === 0 ? 'relu6' : 'relu' } as const;
  const behind = (name: string): string => (joins.has(name) ? `${name}/relu` : name);
  const nodes = network.nodes.flatMap((node) => {
    const own = { ...node, inputs: node.inputs.map(behind) } as Node;
    return joins.has(node.name) ? [own, nodeOf('activation', behind(node.name), [node.name], { activation })] : [own];
  });
  return new Network({ ...network, nodes });
}

describe('random networks of images in int8', () => {
  test('give the bits of plain loops over integers, on every table and after a file, near the real numbers', () => {
    const used = new Map<string, number>();
    let near = 0;
    let all = 0;
    for (let seed = 1; seed <= 80; seed++) {
      const network = withRelus(drawnWiring(seed), seed);
      if (network.nodes.some(({ op }) => op === 'convTranspose')) continue;
      const samples = 6;
      const [x] = inputsFor(network, samples, seed) as [Float32Array];
      const shape = [samples, ...network.inputs[0]!.shape];
      let int8: Network;
      try {
        int8 = quantize(network, { calibration: fromData(x, shape) });
      } catch (error) {
        expect(String(error)).toMatch(/must be (finite|within float32)/); // exponentials of exponentials
        continue;
      }
      for (const { op, format } of int8.nodes) if (format !== null) used.set(op, (used.get(op) ?? 0) + 1);
      const plain = plainInt8(int8, { shape, data: [...x] });
      const wanted = int8.outputs.map((name) => Float32Array.from(plain.get(name)!.data));
      for (const [name, kernels] of Object.entries(tables))
        expect(run(int8, kernels, x, samples), `seed ${seed} on ${name}`).toEqual(wanted);
      expect(run(decodeNetwork(encodeNetwork(int8)).network, cpu, x, samples)).toEqual(wanted);
      run(network, cpu, x, samples).forEach((real, i) => {
        const span = Math.max(...real, 0) - Math.min(...real, 0);
        real.forEach((y, j) => {
          all++;
          if (Math.abs(wanted[i]![j]! - y) <= 0.1 * span) near++;
        });
      });
    }
    expect(near / all).toBeGreaterThan(0.97);
    for (const op of ['conv', 'pool', 'zeroPad', 'upsample', 'channelShuffle', 'add', 'concat', 'split', 'activation'])
      expect(used.get(op) ?? 0, op).toBeGreaterThan(5);
  });
});

const some = { biasInitializer: randomNormal(0, 0.3), padding: 'same' } as const;
const image = { ...some, inputShape: [6, 6, 2] } as const;
const x = normal([30, 6, 6, 2], 4);

/** The operations of a network, those that give int8 with a star. */
const formIn = ({ nodes }: Network): string =>
  nodes.map(({ op, format }) => (format === null ? op : `${op}*`)).join(' ');

const formOf = (layers: Layer[]): string => formIn(quantize(new Sequential(layers, { seed: 3 }), { calibration: x }));

describe('a network of images in int8', () => {
  test('is int8 from the image to the classes, its normalizations folded and its activations in the convolutions', () => {
    const layers = [
      new ZeroPadding2D(1, { inputShape: [6, 6, 2] }),
      new Conv2D(4, 3, { useBias: false }),
      new BatchNorm(),
      new Activation('relu6'),
      new DepthwiseConv2D(3, some),
      new BatchNorm(),
      new Activation('relu'),
      new MaxPool2D(),
      new Flatten(),
      new Dense(3, { activation: 'softmax' }),
    ];
    const network = quantize(new Sequential(layers, { seed: 3 }), { calibration: x });
    expect(formIn(network)).toBe('quantize* zeroPad* conv* conv* pool* flatten* dense');
    const ends = network.nodes.flatMap(({ attrs }) => ('activation' in attrs ? [attrs.activation.name] : []));
    expect(ends).toEqual(['relu6', 'relu', 'softmax']);
  });

  test('keeps a block in int8 whose sum, or whose joined values, a relu follows, in the format of the relu', () => {
    for (const block of [new Residual([new Conv2D(4, 3, some)]), new Concat([[new Conv2D(2, 3, some)], []])]) {
      const layers = [
        new Conv2D(4, 3, { ...image, activation: 'relu' }),
        block,
        new Activation('relu'),
        new GlobalAvgPool2D(),
        new Dense(2),
      ];
      const network = quantize(new Sequential(layers, { seed: 3 }), { calibration: x });
      const [sum, relu] = network.nodes.slice(-4) as [Network['nodes'][0], Network['nodes'][0]];
      expect([sum.op === 'add' || sum.op === 'concat', relu.op]).toEqual([true, 'activation']);
      expect(relu.format!.zeroPoint).toBe(-128);
      expect(sum.format).toEqual(relu.format);
    }
  });

  test('leaves a relu real where something else reads what it does', () => {
    const twice = [
      new Conv2D(4, 3, image),
      new Residual([new Conv2D(4, 3, some)]),
      new Residual([new Activation('relu'), new Conv2D(4, 3, some)]),
      new GlobalAvgPool2D(),
      new Dense(2),
    ];
    expect(formOf(twice)).toBe(
      'quantize* conv quantize* conv add activation quantize* conv* quantize* add* globalPool* dense',
    );
  });

  test('leaves a relu real whose result shares a kernel, and so a format, with numbers below 0', () => {
    const start = input([6, 6, 2]);
    const shared = new Conv2D(2, 3, some);
    const first = shared.apply(start);
    const sum = new Add().apply([first, new Conv2D(2, 3, some).apply(first)]);
    const last = shared.apply(new Activation('relu').apply(sum));
    const model = new Model(start, new Dense(2).apply(new GlobalAvgPool2D().apply(last)));
    const network = quantize(model, { calibration: x });
    expect(formIn(network)).toBe('quantize* conv quantize* conv add activation quantize* conv* globalPool* dense');
    const formats = network.nodes.filter(({ op }) => op === 'quantize').map(({ format }) => format);
    expect(formats[2]).toEqual(formats[0]);
    expect(formats[0]!.zeroPoint).toBeGreaterThan(-100);
  });

  test('keeps normalizations real that nothing can take, and takes int8 up behind them', () => {
    const layers = [
      new Conv2D(4, 3, { ...image, activation: 'relu' }),
      new BatchNorm(),
      new Conv2D(3, 3, some),
      new GlobalAvgPool2D(),
      new Dense(2),
    ];
    expect(formOf(layers)).toBe('quantize* conv batchNorm quantize* conv* globalPool* dense');
  });

  test('has a scale for each unit of a convolution, depthwise ones for each channel', () => {
    const wide = new DepthwiseConv2D(3, image);
    const model = new Sequential([wide, new GlobalAvgPool2D(), new Dense(2)]);
    const kernel = wide.weights[0]!.value;
    for (let i = 0; i < kernel.size; i += 2) kernel.storage.array[i] = kernel.data[i]! * 1e6;
    const network = quantize(model, { calibration: x });
    const { encoding, shape } = network.weights.get('depthwiseConv2D/kernel')!;
    if (encoding.type !== 'int8') throw new Error('not quantized');
    expect([encoding.scales.length, shape]).toEqual([2, [3, 3, 1, 2]]);
    const real = kernel.data;
    encoding.values.forEach((q, i) => {
      expect(Math.abs(real[i]! - q * encoding.scales[i % 2]!)).toBeLessThan(0.5001 * encoding.scales[i % 2]!);
    });
    expect(encoding.scales[0]! / encoding.scales[1]!).toBeGreaterThan(1e4);
  });

  test('gives means a range of their own', () => {
    const layers = [
      new Conv2D(4, 3, { ...image, activation: 'relu' }),
      new AvgPool2D(),
      new GlobalAvgPool2D(),
      new Dense(2),
    ];
    const { nodes } = quantize(new Sequential(layers, { seed: 3 }), { calibration: x });
    const scales = nodes.flatMap(({ format }) => (format === null ? [] : [format.scale]));
    expect(scales.slice(1)).toEqual([...scales.slice(1)].sort((a, b) => b - a));
    expect(new Set(scales).size).toBe(4);
  });

  test('has one scale for a transposed convolution, whose kernel has its units before its channels', () => {
    const layer = new Conv2DTranspose(2, 3, { inputShape: [6, 6, 2], biasInitializer: 'ones' });
    const network = quantize(new Sequential([layer], { seed: 3 }), { calibration: normal([4, 6, 6, 2]) });
    const node = network.nodes.find(({ op }) => op === 'convTranspose')!;
    const { encoding } = network.weights.get(node.weights.kernel!)!;
    if (encoding.type !== 'int8') throw new Error('is no int8');
    expect(new Set(encoding.scales).size).toBe(1);
    expect(Math.max(...encoding.values.map(Math.abs))).toBe(127);
  });
});
