/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a range that is known forgets the activation that it is of',
    file: 'src/quantize/ranges.ts',
    find: 'if (range !== undefined) known.set(value, range);',
    replace: 'if (range !== undefined && !known.has(value)) known.set(value, range);',
    mustFail: ['tests/quantize/mixed.test.ts'],
  },
  {
    name: 'fixed point of values takes a step too fine',
    file: 'src/quantize/ranges.ts',
    find: 'while (step < least || roundHalfEven(largest / step) > most) {',
    replace: 'while (step < least || roundHalfEven(largest / step) > 2 * most) {',
    mustFail: ['tests/quantize/mixed.test.ts'],
  },
  {
    name: 'what lies between fixed point is affine',
    file: 'src/quantize/calibrate.ts',
    find: 'for (let before = -1; before < fixed.size; ) {',
    replace: 'for (let before = -1; before === -1; ) {',
    mustFail: ['tests/quantize/mixed.test.ts'],
  },
  {
    name: 'a scale of a group is that of its neighbour',
    file: 'src/quantize/encode.ts',
    find: 'of: (i) => groupAt(rows, units, i),',
    replace: 'of: (i) => groupAt(rows, units, i + 1),',
    mustFail: ['tests/quantize/formats.test.ts'],
  },
  {
    name: 'dequantize takes a bias for its integer',
    file: 'src/quantize/dequantize.ts',
    find: '(q, j) => q * scale * (scales[j] ?? scales[0]!)',
    replace: '(q, j) => q * scale * (scales[j] === undefined ? 1 : scales[j])',
    mustFail: ['tests/quantize/dequantize.test.ts'],
  },
  {
    name: "a tensor's channels are counted along another axis",
    file: 'src/quantize/tensors.ts',
    find: 'const inner = elementsOf(shape.slice(axis + 1));',
    replace: 'const inner = elementsOf(shape.slice(axis)) / shape.at(-1)!;',
    mustFail: ['tests/quantize/tensors.test.ts'],
  },
  {
    name: 'two nodes of one weight may differ in format',
    file: 'src/quantize/layers.ts',
    find: 'first !== undefined && JSON.stringify',
    replace: "first === '' && JSON.stringify",
    mustFail: ['tests/quantize/mixed.test.ts'],
  },
  {
    name: 'channels beyond the first run have the ranges of others',
    file: 'src/quantize/observe.ts',
    find: 'found.get(part[i]!.name)!.push(range);',
    replace: 'found.get(watched[i]!.name)!.push(range);',
    mustFail: ['tests/quantize/observe.test.ts'],
  },
];
