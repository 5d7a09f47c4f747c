import { describe, expect, test } from 'vitest';
import { toModule } from '../../src/export/module.ts';
import { imported } from './imported.ts';
import { answersOf, everyNetwork } from './networks.ts';

const all = [...everyNetwork()];
/** Of every NaN the same. */
const bitsOf = (numbers: ArrayLike<number>): number[] => [
  ...new Int32Array(Float32Array.from(numbers, (x) => (Number.isNaN(x) ? Number.NaN : x)).buffer),
];

describe.each(all)('%s', (_, network) => {
  test('as a module gives what the engine gives, to the bit, sample by sample and all at once', async () => {
    const { run, selfTest } = await imported(toModule(network).source);
    const { source } = toModule(network, { minify: true });
    const small = await imported(source);
    const answers = answersOf(network);
    const single = network.inputs.length === 1 && network.outputs.length === 1;
    const ran = (inputs: readonly Float32Array[]): Float32Array[] =>
      single ? [run(inputs[0]!) as Float32Array] : [...(run(inputs) as readonly Float32Array[])];
    for (const { inputs, outputs } of answers) expect(ran(inputs).map(bitsOf)).toEqual(outputs.map(bitsOf));
    const joined = network.inputs.map((_, i) => Float32Array.from(answers.flatMap(({ inputs }) => [...inputs[i]!])));
    const wanted = network.outputs.map((_, i) => answers.flatMap(({ outputs }) => [...outputs[i]!]));
    expect(ran(joined).map(bitsOf)).toEqual(wanted.map(bitsOf));
    expect(selfTest()).toBe(true);
    expect(small.selfTest()).toBe(true);
    for (const { inputs, outputs } of answers)
      expect([small.run(single ? inputs[0]! : inputs)].flat().map((y) => bitsOf(y as Float32Array))).toEqual(
        outputs.map(bitsOf),
      );
  });
});
