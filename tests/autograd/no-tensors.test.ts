import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { Draw, opCases } from '../op-cases.ts';
import { toTensor } from './tools.ts';

const thrown = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};

const OTHERS: Readonly<Record<string, unknown>> = {
  'nested arrays': [[[[1]]]],
  'a typed array': new Float32Array(4),
  options: { padding: 'same' },
  text: 'x',
};

describe.each(opCases)('$name', ({ name, samples }) => {
  test('refuses what is no tensor in the place of each operand', () => {
    for (const { inputs, apply } of samples(new Draw(1))) {
      const tensors = inputs.map((input) => toTensor(input, 'float32'));
      for (const place of tensors.keys()) {
        for (const [what, other] of Object.entries(OTHERS)) {
          const error = thrown(() => apply(...tensors.map((t, i) => (i === place ? (other as Tensor) : t))));
          expect(error, `${what} as operand ${place}`).toBeInstanceOf(w.ValueError);
          expect(String(error)).toMatch(/operand must be a tensor/);
          expect((error as w.ValueError).op).toBe(name);
        }
      }
    }
  });
});

test('says what to do about numbers, options and lists', () => {
  const [x, kernel] = [w.zeros([1, 4, 4, 1]), w.zeros([3, 3, 1, 2])];
  const conv = w.conv2d as (...operands: unknown[]) => Tensor;
  const order = 'Options come last: null stands for a bias or another operand before them that is left out';
  expect(() => conv(x, kernel, { padding: 'same' })).toThrow(
    `conv2d: an operand must be a tensor, got { padding }. ${order}`,
  );
  for (const bias of [0, [1, 2, 3], new Float32Array(2)])
    expect(() => conv(x, kernel, bias)).toThrow(
      /conv2d: an operand must be a tensor, .*\. tensor\(\) makes one of numbers$/,
    );
  expect(() => w.layerNorm(x, { epsilon: 1e-3 } as never, null, 1)).toThrow(order);
  expect(() => w.batchNorm(x, null, undefined as never, 1e-3)).toThrow(
    /^batchNorm: an operand must be a tensor, got undefined$/,
  );
  expect(() => w.relu(null as never)).toThrow(/^relu: an operand must be a tensor, got null$/);
  expect(() => w.concat(x as never, kernel as never)).toThrow(
    'concat: tensors must be a list of them, as in concat([a, b]), got an object of Tensor',
  );
  expect(() => w.stack(x as never)).toThrow('as in stack([a, b])');
});

test('nor do a loss, a copy and what is written to take other things', () => {
  const x = w.zeros([1]);
  const calls: Readonly<Record<string, () => unknown>> = {
    backward: () => w.backward([1] as never),
    valueAndGrad: () => w.grad((() => 1) as never, [x]),
    keep: () => w.keep([1] as never),
    assign: () => w.assign(x, [1] as never),
    'assign from the left': () => w.assign([1] as never, x),
  };
  for (const [name, call] of Object.entries(calls))
    expect(call, name).toThrow(`${name.split(' ')[0]}: an operand must be a tensor, got`);
});
