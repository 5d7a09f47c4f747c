import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { Engine } from '../../../kernels/wasm/engine.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';
import { normalization } from '../../../kernels/wasm/normalization.ts';
import { pooling } from '../../../kernels/wasm/pooling.ts';
import { growingScratch } from '../../../kernels/wasm/scratch.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { cases, copyOf, firstDifference, isArray } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();

describe('convolutions of each channel by itself, of several blocks of positions or of more taps than are written out', () => {
  // channels, height, width, taps down and across, stride, zeros on each side
  test.each([
    [5, 2, 140, 3, 3, 1, 1],
    [33, 3, 70, 3, 3, 1, 1],
    [130, 2, 19, 2, 3, 2, 1],
    [6, 9, 9, 7, 7, 1, 3],
    [3, 6, 30, 2, 13, 1, 0],
    [4, 40, 9, 3, 3, 3, 0],
  ])(
    '%i channels, %i x %i, taps %i x %i, stride %i, %i zeros',
    (channels, height, width, down, across, stride, pad) => {
      const d = new Draw(6); // numbers of several sizes, few of them special
      const outHeight = Math.floor((height + 2 * pad - down) / stride) + 1;
      const outWidth = Math.floor((width + 2 * pad - across) / stride) + 1;
      const s: Convolution = {
        ...{ batch: 2, height, width, outHeight, outWidth, kernelHeight: down, kernelWidth: across },
        ...{ strideY: stride, strideX: stride, dilationY: 1, dilationX: 1, padTop: pad, padLeft: pad },
        ...{ channels, units: channels, groups: channels },
      };
      const [x, y] = [d.floats(2 * height * width * channels), d.floats(2 * outHeight * outWidth * channels)];
      const [kernel, bias] = [d.floats(down * across * channels), d.floats(channels)];
      const calls = [
        ['conv2d', [s, x, kernel, bias, 'relu6', y.slice()]],
        ['conv2dTransposed', [s, y, kernel, bias, 'linear', x.slice()]],
        ['conv2dKernelGrad', [s, x, y, kernel.slice()]],
      ] as const;
      for (const [name, args] of calls) {
        const [expected, actual] = [copyOf(args), copyOf(args)];
        (reference[name] as (...given: readonly unknown[]) => void)(...expected);
        (table[name] as (...given: readonly unknown[]) => void)(...actual);
        expect([name, firstDifference(actual.at(-1) as Float32Array, expected.at(-1) as Float32Array)]).toEqual([
          name,
          -1,
        ]);
      }
    },
  );
});

test('scratch memory is one for an engine, in blocks that stay', () => {
  const engine = new Engine(new Heap(), cpu);
  const [scratch, { used, blocks }] = [growingScratch(engine), engine.heap.counters()];
  const small = scratch(10);
  expect([growingScratch(engine)(60_000), scratch(0)]).toEqual([small, small]);
  const large = scratch(70_000);
  expect([scratch(131_072), scratch(20)]).toEqual([large, small]);
  expect(engine.heap.counters()).toMatchObject({ used: used + 65_536 + 131_072, blocks: blocks + 2 });
});

test('pools and normalizations are computed in TypeScript where there is no room for scratch memory', () => {
  const heap = new Heap();
  const engine = new Engine(heap, cpu);
  heap.limit = heap.counters().used + 1;
  const kernels = { ...pooling(engine), ...normalization(engine) };
  const inTypeScript: string[] = [];
  engine.orElse = new Proxy(cpu, {
    get: (target, name) => {
      inTypeScript.push(String(name));
      return target[name as 'neg'];
    },
  });
  const names = ['maxPool', 'maxPoolGrad', 'avgPool', 'avgPoolGrad', 'batchNorm', 'batchNormGrad'] as const;
  for (const name of names) {
    const { args } = cases[name]!(new Draw(11));
    const [expected, actual] = [copyOf(args), copyOf(args)];
    (reference[name] as (...given: readonly unknown[]) => void)(...expected);
    (kernels[name] as (...given: readonly unknown[]) => void)(...actual);
    actual.forEach((x, i) => {
      if (isArray(x)) expect(firstDifference(x, expected[i] as Float32Array)).toBe(-1);
    });
  }
  expect(inTypeScript).toEqual(names);
});
