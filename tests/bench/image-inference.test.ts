import { describe, expect, test } from 'vitest';
import { fromData, quantize, toNetwork } from 'whittle-ml';
import { reference64 } from 'whittle-ml/kernels';
import { run } from '../../bench/chromium/run.ts';
import { checkNear } from '../../bench/data.ts';
import { imagesByHand } from '../../bench/image-by-hand.ts';
import { imageModelOf } from '../../bench/image-by-library.ts';
import { exactValues, softmaxed } from '../../bench/image-exact.ts';
import {
  checkIntegers,
  imageInferenceRows,
  inputsOf,
  knownWeights,
  withoutDropout,
} from '../../bench/image-inference.ts';
import { integerKernel, integerLayers } from '../../bench/image-int8.ts';
import { CLASSES, imagesOf, imageTasks, placed, shapesOfWeights } from '../../bench/image-tasks.ts';
import { inferenceRows, TOLERANCE } from '../../bench/inference.ts';
import { installedVersion } from '../../bench/peer.ts';
import { Peers } from '../../bench/peers.ts';
import { nameOf } from '../../bench/row.ts';
import { builtIn, reserve } from '../../bench/tables.ts';

const { tables } = builtIn();
reserve(tables);
const peers = new Peers();
const peer = (name: string): Promise<Record<string, (...args: never[]) => unknown>> =>
  import(new URL(`../../bench/peers/${name}`, import.meta.url).href);

describe.each(imageTasks.map((task): [string, typeof task] => [task.name, withoutDropout(task, 3)]))(
  '%s',
  (name, task) => {
    const weights = knownWeights(task);
    const layers = placed(task);
    const x = inputsOf(task);
    const values = exactValues(layers, weights, x, task.batch);

    test('on 1 and 64 images, by programs of real numbers and of integers', async () => {
      for (const batch of [1, 64]) {
        const row = imageInferenceRows(tables, peers).find((one) => one.name === `infer ${name} batch ${batch}`)!;
        const contest = await row.open();
        for (const variant of contest.variants) await variant.check();
        contest.close();
        const names = tables.slice(1).flatMap((table) => [`${table.name} float32`, `${table.name} int8`]);
        expect(contest.variants.map(nameOf)).toEqual(names);
      }
    });

    test('the plain loops give the loss that kernels of float64 give', () => {
      const [images, targets] = imagesOf(task);
      const loss = imagesByHand(task, weights, reference64, (array) => Float64Array.from(array)).step();
      const p = softmaxed(exactValues(layers, weights, images, task.batch).at(-1)!, CLASSES);
      const likely = Array.from(targets).flatMap((t, i) => (t === 1 ? [-Math.log(p[i]!)] : []));
      expect(likely.reduce((sum, part) => sum + part, 0) / task.batch).toBeCloseTo(loss, 10);
    });

    test('probabilities of another image or without a bias are too far off for int8', () => {
      const exact = softmaxed(values.at(-1)!, CLASSES);
      const lacking = weights.map((array, i) => (i === weights.length - 1 ? new Float32Array(array.length) : array));
      const wrong = [
        new Float64Array(exact.length).fill(1 / CLASSES),
        softmaxed(exactValues(layers, lacking, x, task.batch).at(-1)!, CLASSES),
      ];
      for (const y of wrong) expect(() => checkNear('peer', y, exact, TOLERANCE.int8)).toThrow('peer: element');
    });

    test('a network that is still one of real numbers does not pass for one of integers', () => {
      const model = imageModelOf(task, weights);
      expect(() => checkIntegers('ours', toNetwork(model))).toThrow('is not quantized');
      const calibration = fromData(x, [task.batch, ...task.shape]);
      expect(() => checkIntegers('ours', quantize(model, { calibration }))).not.toThrow();
    });

    test('integers of other libraries have a scale for each unit, and formats that hold every value', () => {
      const { formats, weights: integers } = integerLayers(layers, weights, values);
      expect(formats).toHaveLength(layers.length + 1);
      formats.forEach(({ scale, zeroPoint }, i) => {
        const codes = values[i]!.map((value) => Math.round(value / scale) + zeroPoint);
        expect(codes.findIndex((code) => !(code >= -128 && code <= 127))).toBe(-1);
      });
      layers.forEach(({ layer }, i) => {
        if (layer.kind === 'maxPool' || layer.kind === 'flatten') expect(formats[i + 1]).toBe(formats[i]);
      });
      integers.forEach(({ kernel, scales, bias }, i) => {
        const [real, realBias] = weights.slice(2 * i);
        expect(scales).toHaveLength(realBias!.length);
        const steps = real!.map((w, at) => Math.abs(w / scales[at % scales.length]! - kernel[at]!));
        expect(steps.findIndex((off) => !(off < 0.51))).toBe(-1);
        expect(bias).toHaveLength(realBias!.length);
      });
    });

    test.skipIf(installedVersion('flatbuffers') === null)('as a .tflite file', async () => {
      const { tflite } = await peer('tflite.mjs');
      const problem = {
        ...{ batch: task.batch, weights, shapes: shapesOfWeights(task), x },
        layers: layers.map(({ layer, shape }) => ({ ...layer, shape })),
      };
      const codes = { conv2d: 3, depthwise: 4, maxPool: 17, globalAverage: 40, flatten: 22, dense: 9, dropout: -1 };
      const expected = layers.map(({ layer }) => codes[layer.kind]);
      for (const int8 of [null, integerLayers(layers, weights, values)]) {
        const bytes = tflite!({ ...problem, int8 } as never) as Uint8Array;
        expect(new TextDecoder().decode(bytes.slice(4, 8))).toBe('TFL3');
        expect(operatorsOf(bytes)).toEqual(int8 === null ? [...expected, 25] : [114, ...expected, 6, 25]);
      }
    });
  },
);

/** Codes of the operators of a .tflite file, in order: the model's fields 1 and 2, the subgraph's field 3. */
function operatorsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const follow = (at: number): number => at + view.getUint32(at, true);
  /** Where a field of a table is, or null where the table leaves it out. */
  const field = (table: number, number: number): number | null => {
    const layout = table - view.getInt32(table, true);
    const offset = 4 + 2 * number < view.getUint16(layout, true) ? view.getUint16(layout + 4 + 2 * number, true) : 0;
    return offset === 0 ? null : table + offset;
  };
  const tables = (table: number, number: number): number[] => {
    const list = follow(field(table, number)!);
    return Array.from({ length: view.getUint32(list, true) }, (_, i) => follow(list + 4 + 4 * i));
  };
  const number = (table: number, which: number): number => {
    const at = field(table, which);
    return at === null ? 0 : view.getInt32(at, true);
  };
  const model = follow(0);
  const codes = tables(model, 1).map((code) => number(code, 3));
  const [graph] = tables(model, 2);
  return tables(graph!, 3).map((operator) => codes[number(operator, 0)]!);
}

test('a scale is that of the largest weight of its unit', () => {
  const { kernel, scales } = integerKernel(Float32Array.of(1, -0.5, -2, 0.25), 2);
  expect([...scales]).toEqual([2 / 127, 0.5 / 127].map(Math.fround));
  expect([...kernel]).toEqual([64, -127, -127, 64]);
});

test('arrays are copied with their axes in another order', async () => {
  const { permuted, channelsFirst, channelsLast } = await peer('layouts.mjs');
  const x = Float32Array.from({ length: 24 }, (_, i) => i);
  const y = permuted!(...([x, [2, 3, 4], [2, 0, 1]] as never[])) as Float32Array;
  for (let i = 0; i < 2; i++)
    for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) expect(y[(k * 2 + i) * 3 + j]).toBe(x[(i * 3 + j) * 4 + k]);
  const shape = [1, 2, 3, 4];
  expect(channelsLast!(...([channelsFirst!(...([x, shape] as never[])), shape] as never[]))).toEqual(x);
});

test('ten layers of 1024 units are run on one sample', () => {
  const names = inferenceRows(tables, peers).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('infer 10x1024'))).toEqual(['infer 10x1024 batch 1']);
});

describe('the page beside LiteRT.js', () => {
  const told = async (args: string[], version: string | null = null): Promise<[number, string, string]> => {
    const [output, errors]: string[][] = [[], []];
    const surroundings = {
      output: { write: (text: string) => output!.push(text) },
      errors: { write: (text: string) => errors!.push(text) },
    };
    return [await run(args, surroundings, () => version), output!.join(''), errors!.join('')];
  };

  test('says what is missing and how it is installed', async () => {
    expect(await told(['--quick'])).toEqual([1, '', 'bench: LiteRT.js is missing: npm run bench:peers installs it\n']);
  });

  test('knows its options and its rows', async () => {
    expect((await told(['--help']))[1]).toContain('npm run bench:page');
    expect(await told(['--fast'], '1')).toMatchObject([2, '', expect.stringContaining('--fast')]);
    expect((await told(['--filter', 'gemm'], '1'))[2]).toContain('no row\'s name contains "gemm"');
  });
});
