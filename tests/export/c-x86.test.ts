import { expect, test } from 'vitest';
import type { Graph, Stored } from '../../src/index.ts';
import { describeWith, folder, STRICT, told, written } from './c-compilers.ts';
import { answersOf, everyNetwork } from './networks.ts';

const GCC = { command: 'gcc', packages: 'gcc libc6-dev' };

interface Case {
  readonly name: string;
  readonly network: Graph<Stored>;
}

/** Reads inputs of samples of one network after the other, and writes outputs; a byte after each network is its self-test. */
function harness(cases: readonly Case[], samples: number): string {
  const runs = cases.map(({ network }, i) => {
    const types = network.inputs.map(({ dtype }) => (dtype === 'int32' ? 'int32_t' : 'float'));
    const sizes = (what: string, n: number): string[] =>
      Array.from({ length: n }, (_, at) => `NET_${i}_${what}${n === 1 ? '' : `_${at + 1}`}_SIZE`);
    const inputs = sizes('INPUT', types.length);
    const outputs = sizes('OUTPUT', network.outputs.length);
    return `{
    ${types.map((type, at) => `static ${type} in_${at}[${inputs[at]}];`).join(' ')}
    ${outputs.map((size, at) => `static float out_${at}[${size}];`).join(' ')}
    for (int sample = 0; sample < ${samples}; sample++) {
      ${inputs.map((_, at) => `if (fread(in_${at}, sizeof in_${at}, 1, stdin) != 1) return 2;`).join(' ')}
      if (net_${i}_run(${[...inputs.map((_, at) => `in_${at}`), ...outputs.map((_, at) => `out_${at}`)].join(', ')})) return 3;
      ${outputs.map((_, at) => `fwrite(out_${at}, sizeof out_${at}, 1, stdout);`).join(' ')}
    }
    putchar(net_${i}_self_test());
  }`;
  });
  const headers = cases.map((_, i) => `#include "net_${i}.h"\n`).join('');
  return `#include <stdio.h>\n${headers}int main(void)\n{\n  ${runs.join('\n  ')}\n  return 0;\n}\n`;
}

const bytesOf = (numbers: Iterable<number>, isWhole: boolean): Uint8Array =>
  new Uint8Array((isWhole ? Int32Array : Float32Array).from([...numbers]).buffer);

describeWith('C on this machine', [GCC], () => {
  const all = [...everyNetwork()].map(([name, network]): Case => ({ name, network }));
  const answers = all.map(({ network }) => answersOf(network));
  const input = Buffer.concat(
    all.flatMap(({ network }, i) =>
      answers[i]!.flatMap(({ inputs }) => inputs.map((x, at) => bytesOf(x, network.inputs[at]!.dtype === 'int32'))),
    ),
  );

  test.each([
    ['strict and small', ['-O2', ...STRICT], {}],
    ['with multiply-adds of one rounding', ['-O3', '-march=haswell', '-std=gnu17'], { storage: 'plain' }],
  ] as const)('%s, every network gives the bits of the engine', (_, flags, options) => {
    const at = folder();
    const files = all.map(({ network }, i) => written(at, network, { name: `net_${i}`, ...options }));
    const main = at('main.c', harness(all, answers[0]!.length));
    told('gcc', [...flags, '-o', at('all'), main, ...files]);
    const results = told(at('all'), [], input);
    let from = 0;
    const differing: string[] = [];
    for (const [i, { name }] of all.entries()) {
      const expected = Buffer.concat(answers[i]!.flatMap(({ outputs }) => outputs.map((y) => bytesOf(y, false))));
      const found = results.subarray(from, from + expected.length);
      from += expected.length;
      if (!found.equals(expected)) differing.push(`${name} (net_${i})`);
      if (results[from++] !== 1) differing.push(`${name} (net_${i}): self-test`);
    }
    expect(differing).toEqual([]);
    expect(from).toBe(results.length);
  });
});
