import { describe, expect, test } from 'vitest';
import { operatorNetworks, random } from '../../scripts/formats/tflite-operators.mjs';
import { decodeFlatbuffer, encodeFlatbuffer } from '../../src/formats/flatbuffer.ts';
import { fromOnnx, fromTflite, toOnnx, toTflite } from '../../src/formats/index.ts';
import { MODEL as ONNX } from '../../src/formats/onnx/messages.ts';
import { decodeMessage, encodeMessage } from '../../src/formats/protobuf.ts';
import { MODEL as TFLITE } from '../../src/formats/tflite/schema.ts';
import type { Network } from '../../src/graph/network.ts';
import { answers } from './running.ts';

/** Hints of our own files, in which anything may stand: each is a wish, and the file says what is. */

const NAMES = Object.keys(operatorNetworks).filter((name) => !name.startsWith('dense in'));
const SCALES = [0.03, 0.05, 0.03 + 1e-10, 0.05 + 1e-10, Math.fround(0.03), 1, 1e-320, 1e300, -1, 0, 'x'];
const RULES = ['multiplier', 'xnnpack', 'dynamic', 'float', '__proto__', 3];

const integersOf = ({ nodes }: Network): number => nodes.filter(({ format }) => format !== null).length;
const runs = (network: Network): boolean => {
  const inputs = network.inputs.map(({ shape }) =>
    Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => i % 2),
  );
  return answers(network, inputs, 1).length === network.outputs.length;
};

describe('a hint that does not agree with the file is passed over', () => {
  test('in ONNX: networks run, and integers stay integers', () => {
    const next = random(3);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
    for (const name of NAMES) {
      const model = decodeMessage(toOnnx(operatorNetworks[name]!), ONNX, 'onnx', 'model');
      const fileOf = (hint: object): Uint8Array =>
        encodeMessage({ ...model, metadataProps: [{ key: 'whittle', value: JSON.stringify(hint) }] }, ONNX);
      const plain = fromOnnx(fileOf({}));
      const known = new Set([
        ...model.graph!.node.flatMap(({ input, output }) => [...input, ...output]),
        ...plain.network.nodes.map((node) => node.name),
        '__proto__',
      ]);
      for (let i = 0; i < 12; i++) {
        const some = [...known].filter(() => next() < 0.5);
        const { network, inputs, outputs } = fromOnnx(
          fileOf({
            ...(next() < 0.7 && { rules: some.map((own) => [own, pick(RULES)]) }),
            ...(next() < 0.7 && { scales: some.map((own) => [own, pick(SCALES)]) }),
            ...(next() < 0.5 && { first: some }),
          }),
        );
        expect(integersOf(network), name).toBe(integersOf(plain.network));
        for (const [own, before] of [
          [inputs, plain.inputs],
          [outputs, plain.outputs],
        ] as const)
          expect(own.map((port) => [port.name, port.shape, port.dtype])).toEqual(
            before.map((port) => [port.name, port.shape, port.dtype]),
          );
        expect(runs(network)).toBe(true);
      }
    }
  });

  test('in TFLite, where the place of the hint may be none either', () => {
    const next = random(4);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
    for (const name of NAMES) {
      const model = decodeFlatbuffer(toTflite(operatorNetworks[name]!), TFLITE, 'tflite', 'model');
      const place = model.buffers.length;
      const fileOf = (hint: object, buffer = place): Uint8Array => {
        const data = new TextEncoder().encode(JSON.stringify(hint));
        const buffers = [...model.buffers, { data }];
        return encodeFlatbuffer({ ...model, buffers, metadata: [{ name: 'whittle', buffer }] }, TFLITE, 'TFL3');
      };
      const plain = fromTflite(fileOf({}));
      const known = model.subgraphs[0]!.tensors.map((tensor) => tensor.name ?? '');
      for (let i = 0; i < 12; i++) {
        const some = known.filter(() => next() < 0.5);
        const { network, inputs, outputs } = fromTflite(
          fileOf(
            {
              scales: Object.fromEntries(some.map((own) => [own, pick(SCALES)])),
              float: pick([some, [], 3]),
              xnnpack: pick([some, [], known]),
              biases: Object.fromEntries(some.map((own) => [own, pick([[], [1, 2, 3, 4, 5], [2 ** 31], 'x'])])),
            },
            i === 0 ? 2 ** 31 : place,
          ),
        );
        const shapes = (ports: typeof inputs) => ports.map((port) => [port.name, port.shape, port.dtype]);
        expect([shapes(inputs), shapes(outputs)], name).toEqual([shapes(plain.inputs), shapes(plain.outputs)]);
        expect(runs(network)).toBe(true);
      }
    }
  });

  test('in ONNX, a rule that the formats of a node do not allow, and the others stay', () => {
    const network = operatorNetworks['sums and means of int8, the rules of XNNPACK']!;
    const nodes = network.nodes.map((node) => {
      const { rule: _, ...attrs } = node.attrs as { readonly rule?: string };
      return node.name === 'y' ? ({ ...node, attrs, format: { scale: 0.06, zeroPoint: 1 } } as typeof node) : node;
    });
    const model = decodeMessage(toOnnx({ ...network, nodes }), ONNX, 'onnx', 'model');
    const rulesIn = (hint: object): unknown[] => {
      const metadataProps = [{ key: 'whittle', value: JSON.stringify(hint) }];
      const read = fromOnnx(encodeMessage({ ...model, metadataProps }, ONNX)).network;
      return read.nodes.flatMap(({ name, attrs }) => ('rule' in attrs ? [[name, attrs.rule]] : []));
    };
    const rules = [
      ['c', 'xnnpack'],
      ['p', 'multiplier'],
      ['s', 'xnnpack'],
    ];
    expect(rulesIn({ rules })).toEqual(rules);
    expect(rulesIn({ rules: [...rules, ['y', 'multiplier']] })).toEqual(rules);
  });
});
