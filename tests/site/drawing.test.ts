import { readFile, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  backend,
  conv2d,
  cpu,
  decodeNetwork,
  fromData,
  measure,
  predictNetwork,
  relu,
  reshape,
  setBackend,
  type Tensor,
  wasm,
} from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';
import { drawnDigits } from '../../scripts/strokes.mjs';
import facts from '../../site/src/digits/networks/networks.json' with { type: 'json' };
import { Digits } from '../../site/src/engine/drawing.ts';
import type { DigitAnswer } from '../../site/src/engine/messages.ts';
import { inWords } from './refused.ts';
import { contextOf } from './trained.ts';

const folder = new URL('../../site/src/digits/networks/', import.meta.url);
const fileOf = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${name}.safetensors`, folder)));
const readURL = async (url: URL): Promise<Uint8Array> =>
  new Uint8Array(await promisify(readFile)(new URL(`${url.pathname.split('/').at(-1)}`, folder)));

/** The digits that were held back, as the script does. */
let held: { readonly x: Tensor; readonly y: Tensor };
beforeAll(async () => {
  const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
  const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
  const images = imagesOf(reshape(features, [features.shape[0]!, 8, 8, 1]), { white: 16 });
  const { seed, held: testSize } = facts;
  const [[, x], [, y]] = trainTestSplit([images, target!], { testSize, seed, stratify: target! });
  held = { x, y };
});

const drawingOf = (i: number): Float32Array => Float32Array.from(held.x.data.slice(64 * i, 64 * i + 64), (p) => 16 * p);

async function answersTo(pixels: Float32Array): Promise<readonly DigitAnswer[]> {
  const { context, last } = contextOf(null);
  await new Digits(readURL).draw(pixels, context);
  return last('drawn').answers;
}

const likeliest = (p: Float32Array): number => p.indexOf(Math.max(...p));

describe('the digits networks', () => {
  test('are those of the script that networks.json names, and small', () => {
    expect(facts.by).toBe('scripts/site-networks.mjs');
    expect(readFileSync(new URL(`../../${facts.by}`, import.meta.url), 'utf8')).toContain(`by: '${facts.by}'`);
    const bytes = facts.networks.reduce((sum, network) => sum + network.bytes, 0);
    expect(bytes).toBeLessThan(60_000);
    const of = (name: string): number => facts.networks.find((network) => network.name === name)!.bytes;
    expect(of('denseWhittled')).toBeLessThan(of('denseInt8') / 2);
    expect(of('denseInt8')).toBeLessThan(of('dense') / 2);
    expect(of('cnnInt8')).toBeLessThan(of('cnn') / 2);
  });

  test.each(facts.networks)('$name loads, costs and answers as networks.json says', (told) => {
    const file = fileOf(told.name);
    expect(file.length).toBe(told.bytes);
    const { network } = decodeNetwork(file);
    const found = measure(network, { samples: [held.x, held.y], latency: false });
    expect(found.score).toBe(told.score);
    expect(told.score).toBeGreaterThan(0.95);
    expect(held.y.shape[0]).toBe(told.samples);
    for (const figure of ['parameters', 'nonZeroParameters', 'macs'] as const) expect(found[figure]).toBe(told[figure]);
  });

  test.each(facts.networks)('$name reads what is drawn with a round pen', ({ name, drawn }) => {
    const { network } = decodeNetwork(fileOf(name));
    const { pixels, digits } = drawnDigits(50, 77);
    const { score } = measure(network, {
      samples: [fromData(pixels, [500, 8, 8, 1]), fromData(digits, [500])],
      latency: false,
    });
    expect(drawn).toBeGreaterThan(0.98);
    expect(score).toBeGreaterThan(0.97);
  });
});

describe('drawing', () => {
  test('every network answers held-back digits as its score says, with probabilities', async () => {
    const right = new Map<string, number>();
    const digits = new Digits(readURL);
    const { context, last } = contextOf(null, () => false);
    for (let i = 0; i < 60; i++) {
      await digits.draw(drawingOf(i), context);
      for (const { network, probabilities } of last('drawn').answers) {
        expect(probabilities).toHaveLength(10);
        expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4);
        const isRight = likeliest(probabilities) === held.y.data[i];
        right.set(network, (right.get(network) ?? 0) + Number(isRight));
      }
    }
    expect([...right.keys()]).toEqual(facts.networks.map(({ name }) => name));
    for (const count of right.values()) expect(count).toBeGreaterThanOrEqual(54);
  });

  test('answers are those of the networks, with the bytes of their files', async () => {
    const answers = await answersTo(drawingOf(3));
    for (const { network, bytes, score, probabilities } of answers) {
      const file = fileOf(network);
      const image = fromData(held.x.data.slice(192, 256), [1, 8, 8, 1]);
      expect([...probabilities]).toEqual([...(predictNetwork(decodeNetwork(file).network, image) as Tensor).data]);
      expect(bytes).toBe(file.length);
      expect(score).toBe(facts.networks.find(({ name }) => name === network)!.score);
    }
  });

  test('feature maps are what the convolutions make, also of whole numbers', async () => {
    const answers = await answersTo(drawingOf(5));
    const maps = (name: string) => answers.find(({ network }) => network === name)!.maps;
    expect(maps('dense')).toEqual([]);
    expect(maps('cnn').map(({ layer, width, height, channels }) => [layer, width, height, channels.length])).toEqual([
      ['strokes', 8, 8, 8],
      ['shapes', 4, 4, 16],
    ]);
    const { network } = decodeNetwork(fileOf('cnn'));
    const weight = (key: string): Tensor => {
      const { shape, encoding } = network.weights.get(key)!;
      return fromData(encoding.values as Float32Array, shape);
    };
    const image = fromData(held.x.data.slice(320, 384), [1, 8, 8, 1]);
    const made = relu(conv2d(image, weight('strokes/kernel'), weight('strokes/bias'), { padding: 'same' }));
    const [strokes] = maps('cnn');
    for (const [c, channel] of strokes!.channels.entries())
      for (const [i, value] of channel.entries()) expect(value).toBeCloseTo(made.data[i * 8 + c]!, 5);
    const most = Math.max(...strokes!.channels.flatMap((channel) => [...channel]));
    expect(most).toBeGreaterThan(0.1);
    for (const [at, { channels }] of maps('cnnInt8').entries())
      for (const [c, channel] of channels.entries()) {
        const own = maps('cnn')[at]!.channels[c]!;
        for (const [i, value] of channel.entries()) expect(Math.abs(value - own[i]!)).toBeLessThan(0.1 * most + 0.1);
      }
  });

  test('answers come at once, and once more with times when these are measured', async () => {
    const { context, told } = contextOf(null);
    const digits = new Digits(readURL);
    await digits.draw(drawingOf(0), context);
    const times = told.map((event) => (event.kind === 'drawn' ? event.answers.map((a) => a.microseconds) : []));
    expect(times).toHaveLength(2);
    expect(times[0]!.every(Number.isNaN)).toBe(true);
    for (const time of times[1]!) expect(time).toBeGreaterThan(0);
    await digits.draw(drawingOf(1), context);
    expect(told).toHaveLength(3);
    // Other kernels have other times
    const { name, kernels } = backend();
    setBackend(name === 'cpu' ? wasm() : cpu);
    await digits.draw(drawingOf(1), context);
    setBackend(kernels);
    expect(told).toHaveLength(5);
  });

  test('ink beyond the scale is cut off, and what is no drawing is refused', async () => {
    const drawn = drawingOf(2);
    const [plain] = await answersTo(drawn);
    const [beyond] = await answersTo(drawn.map((ink) => (ink === 16 ? 1e9 : ink === 0 ? -5 : ink)));
    expect(beyond!.probabilities).toEqual(plain!.probabilities);
    for (const wrong of [new Float32Array(63), new Float32Array(64).fill(Number.NaN)])
      await expect(inWords(answersTo(wrong))).rejects.toThrow('A drawing is 8×8 numbers from 0 to 16.');
  });

  test('files that could not be read are asked for again', async () => {
    let calls = 0;
    const digits = new Digits(async (url) => {
      if (calls++ < 5) throw new Error('The file is not there.');
      return readURL(url);
    });
    const { context, last } = contextOf(null, () => false);
    await expect(digits.draw(new Float32Array(64), context)).rejects.toThrow('The file is not there.');
    await digits.draw(new Float32Array(64), context);
    expect(last('drawn').answers).toHaveLength(5);
  });
});
