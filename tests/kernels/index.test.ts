import { describe, expect, test } from 'vitest';
import * as kernels from '../../kernels/index.ts';

test('kernels exports its tables, the ladders, what packs pairs of rows and what tells of support', () => {
  const names = ['convLadder', 'cpu', 'gemmLadder', 'pairedRows', 'quantizedCpu', 'reference', 'reference64', 'wasm'];
  expect(Object.keys(kernels).sort()).toEqual([...names, 'wasmSupport']);
});

describe('which kernels a table has a form of its own for', () => {
  const { reference, reference64, cpu, wasm } = kernels;
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
        ['stridedCopy', 'gather'],
        ['gemmInt8', 'requantize', 'addInt8', 'requantizeWhole', 'addInt8Whole', 'quantizeRows', 'dequantizeRows'],
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
        'convert',
        'hardThreshold',
        'packConvInt8',
        'packInt8',
        'packLevels',
        'packPanels',
        'pow',
        'prod',
        'sumByCode',
        'takeByCode',
        'tieByCode',
      ].sort(),
    );
  });

  test('reference64: all but those of integers, and movement is the same code', () => {
    const integers = [
      ...['packInt8', 'gemmInt8', 'quantize', 'quantizeColumns', 'dequantize', 'requantize', 'addInt8'],
      ...['requantizeWhole', 'addInt8Whole', 'lookUp', 'quantizeRows', 'dequantizeRows', 'conv2dTransposedInt8'],
      ...['packConvInt8', 'conv2dInt8', 'conv2dRequantized', 'maxPoolInt8', 'avgPoolInt8'],
      ...['gemmSparseInt8', 'conv2dSparseInt8', 'packLevels', 'gemmLevels'],
    ];
    const lacking = Object.keys(reference).filter((name) => !(name in reference64));
    expect(lacking.sort()).toEqual([...integers, 'dequantizeColumns'].sort());
    const same = Object.keys(reference64).filter((name) => reference64[name as never] === reference[name as never]);
    expect(same.sort()).toEqual(['convert', 'gather', 'oneHot', 'scatterAdd', 'stridedCopy']);
  });
});
