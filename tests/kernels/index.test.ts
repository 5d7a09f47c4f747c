import { describe, expect, test } from 'vitest';
import * as kernels from '../../kernels/index.ts';

test('kernels exports its tables, the ladders, what packs pairs of rows and what tells of support', () => {
  const tables = ['cpu', 'cpu64', 'quantizedCpu', 'reference', 'reference64', 'wasm', 'wasm64'];
  const others = ['convLadder', 'gemmLadder', 'pairedRows', 'wasmSupport'];
  expect(Object.keys(kernels).sort()).toEqual([...tables, ...others].sort());
});

describe('which kernels a table has a form of its own for', () => {
  const { reference, reference64, cpu, cpu64, wasm, wasm64 } = kernels;
  /** Names of the kernels of a table that are not those of another. */
  const own = (table: object, other: object): string[] =>
    Object.keys(reference).filter((name) => table[name as never] !== other[name as never] && name in table);

  test('cpu: the hot ones, in families', () => {
    expect(own(cpu, reference).sort()).toEqual(
      [
        ['gemm', 'gemmStridedBatched', 'packPanels', 'gemmPanels'],
        ['conv2d', 'conv2dPanels', 'conv2dTransposed', 'conv2dKernelGrad'],
        ['maxPool', 'maxPoolGrad', 'avgPool', 'avgPoolGrad', 'standardize', 'standardizeGrad'],
        ['neg', 'abs', 'square', 'sqrt', 'exp', 'log', 'tanh', 'sigmoid', 'relu', 'relu6', 'add', 'sub', 'mul', 'div'],
        ['sum', 'max'],
        ['softmax', 'logSoftmax', 'softmaxCrossEntropy', 'softmaxCrossEntropyGrad'],
        ['adam'],
        ['stridedCopy', 'gather', 'scatterAdd', 'oneHot', 'convert'],
        ['sort', 'argsort', 'cumsum', 'cumprod'],
        ['round', 'floor', 'ceil', 'sin', 'cos'],
        ['gemmInt8', 'requantize', 'addInt8', 'requantizeWhole', 'addInt8Whole', 'quantizeRows', 'dequantizeRows'],
        ['addInt8Shifted', 'avgPoolInt8Whole'],
        ['conv2dInt8', 'conv2dRequantized', 'conv2dTransposedInt8', 'maxPoolInt8', 'avgPoolInt8'],
        ['gemmSparse', 'gemmSparseGrad'],
        ['conv2dSparse', 'conv2dSparseGrad', 'gemmSparseInt8', 'conv2dSparseInt8'],
        ['packLevels', 'gemmLevels'],
      ]
        .flat()
        .sort(),
    );
  });

  test('wasm: all but these', () => {
    const compiled = own(wasm(), cpu);
    const others = Object.keys(reference).filter((name) => !compiled.includes(name));
    expect(others.sort()).toEqual(
      [
        'cumprodGrad',
        'distinct',
        'hardThreshold',
        'packConvInt8',
        'packInt8',
        'packLevels',
        'packPanels',
        'pow',
        'prod',
        'searchSorted',
        'sumByCode',
        'takeByCode',
        'tieByCode',
      ].sort(),
    );
  });

  test('cpu64: the hot ones, in families, and movement that of cpu', () => {
    expect(own(cpu64, reference64).sort()).toEqual(
      [
        ['gemm', 'gemmStridedBatched', 'sum', 'max', 'sgd', 'adam'],
        ['stridedCopy', 'gather', 'scatterAdd', 'oneHot', 'convert'],
        ['neg', 'abs', 'square', 'sqrt', 'exp', 'log', 'tanh', 'sigmoid', 'relu', 'add', 'sub', 'mul', 'div'],
        ['reluGrad', 'tanhGrad', 'sigmoidGrad'],
        ['softmax', 'logSoftmax', 'softmaxCrossEntropy', 'softmaxCrossEntropyGrad'],
      ]
        .flat()
        .sort(),
    );
  });

  test('wasm64: what is arithmetic alone, and movement that of wasm', () => {
    expect(own(wasm64(), cpu64).sort()).toEqual(
      [
        ['gemm', 'gemmStridedBatched', 'stridedCopy', 'gather', 'scatterAdd', 'oneHot', 'convert'],
        ['neg', 'abs', 'square', 'reciprocal', 'sqrt', 'rsqrt', 'relu', 'relu6', 'leakyRelu'],
        ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'reluGrad', 'relu6Grad', 'tanhGrad', 'sigmoidGrad'],
        ['sgd', 'adam', 'rmsprop', 'adagrad', 'softThreshold', 'groupThreshold'],
      ]
        .flat()
        .sort(),
    );
  });

  test('reference64: all but those of integers and of order, and movement is the same code', () => {
    const integers = [
      ...['packInt8', 'gemmInt8', 'quantize', 'quantizeColumns', 'dequantize', 'requantize', 'addInt8'],
      ...['requantizeWhole', 'addInt8Whole', 'lookUp', 'quantizeRows', 'dequantizeRows', 'conv2dTransposedInt8'],
      ...['packConvInt8', 'conv2dInt8', 'conv2dRequantized', 'maxPoolInt8', 'avgPoolInt8'],
      ...['addInt8Shifted', 'avgPoolInt8Whole'],
      ...['gemmSparseInt8', 'conv2dSparseInt8', 'packLevels', 'gemmLevels'],
    ];
    const lacking = Object.keys(reference).filter((name) => !(name in reference64));
    const anyType = ['sort', 'argsort', 'searchSorted', 'distinct'];
    expect(lacking.sort()).toEqual([...integers, 'dequantizeColumns', ...anyType].sort());
    const same = Object.keys(reference64).filter((name) => reference64[name as never] === reference[name as never]);
    expect(same.sort()).toEqual(['convert', 'gather', 'oneHot', 'scatterAdd', 'stridedCopy']);
  });
});
