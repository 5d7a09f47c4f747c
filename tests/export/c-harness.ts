import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { type At, type Tool, told, X86 } from '../../scripts/boards.mjs';
import type { COptions } from '../../src/export/index.ts';
import type { Graph, Stored } from '../../src/index.ts';
import { written } from './c-compilers.ts';
import { type Answer, answersOf } from './networks.ts';

/** Programs of many networks in C, which are asked for their answers. */

export const GCC: Tool = X86.tools[0]!;

export interface Case {
  readonly name: string;
  readonly network: Graph<Stored>;
  /** As many of each case; by default those to ordinary numbers. */
  readonly answers?: readonly Answer[];
}

/** Reads inputs of samples of one network after the other, and writes outputs; a byte after each network is its self-test. */
function harness(cases: readonly Case[], samples: number, real: 'float' | 'int8_t'): string {
  const runs = cases.map(({ network }, i) => {
    const types = network.inputs.map(({ dtype }) => (dtype === 'int32' ? 'int32_t' : real));
    const sizes = (what: string, n: number): string[] =>
      Array.from({ length: n }, (_, at) => `NET_${i}_${what}${n === 1 ? '' : `_${at + 1}`}_SIZE`);
    const inputs = sizes('INPUT', types.length);
    const outputs = sizes('OUTPUT', network.outputs.length);
    return `{
    ${types.map((type, at) => `static ${type} in_${at}[${inputs[at]}];`).join(' ')}
    ${outputs.map((size, at) => `static float out_${at}[${size}];`).join(' ')}
    for (int sample = 0; sample < ${samples}; sample++) {
      if (${inputs.map((_, at) => `fread(in_${at}, sizeof in_${at}, 1, stdin) != 1`).join(' || ')}) return 2;
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

/** Numbers of an input as int8, by what the header says of it. */
function int8Of(numbers: ArrayLike<number>, header: string, input: number): Uint8Array {
  const all = (what: string): number[] =>
    [...header.matchAll(new RegExp(`INPUT(?:_\\d+)?_${what} \\(?(\\S+?)f?\\)?(?: |$)`, 'gm'))].map(([, x]) =>
      Number(x),
    );
  const x = Float32Array.from(numbers);
  const q = new Int8Array(x.length);
  reference.quantize(x.length, x, Math.fround(all('SCALE')[input]!), all('ZERO_POINT')[input]!, q);
  return new Uint8Array(q.buffer);
}

/** Names of cases whose numbers are not those of the engine, or whose self-test does not hold. */
export function differing(cases: readonly Case[], flags: readonly string[], at: At, options: COptions): string[] {
  const answers = cases.map(({ network, answers }) => answers ?? answersOf(network));
  const isInt8 = options.inputs === 'int8';
  const files = cases.map(({ network }, i) => written(at, network, { ...options, name: `net_${i}` }));
  const headers = files.map((file) => readFileSync(file.replace(/c$/, 'h'), 'utf8'));
  const input = Buffer.concat(
    cases.flatMap(({ network }, i) =>
      answers[i]!.flatMap(({ inputs }) =>
        inputs.map((x, n) => (isInt8 ? int8Of(x, headers[i]!, n) : bytesOf(x, network.inputs[n]!.dtype === 'int32'))),
      ),
    ),
  );
  const main = at('main.c', harness(cases, answers[0]!.length, isInt8 ? 'int8_t' : 'float'));
  told('gcc', [...flags, '-o', at('all'), main, ...files]);
  const results = told(at('all'), [], input);
  const wrong: string[] = [];
  let from = 0;
  for (const [i, { name }] of cases.entries()) {
    const expected = answers[i]!.flatMap(({ outputs }) => outputs.flat());
    const found = Array.from(expected, (_, n) => results.readFloatLE(from + 4 * n));
    from += 4 * expected.length;
    if (!expected.every((x, n) => Object.is(x, found[n]))) wrong.push(`${name} (net_${i})`);
    if (results[from++] !== 1) wrong.push(`${name} (net_${i}): self-test`);
  }
  expect(from).toBe(results.length);
  return wrong;
}

/** A compiler that may make one rounding of a product and a sum, and does wherever the file does not forbid it. */
export const CONTRACTING: readonly string[] = ['-O1', '-march=haswell', '-ffp-contract=fast'];
