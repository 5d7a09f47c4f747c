import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { elementsOf } from '../base/shape.ts';
import { entriesFor } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { compileNetwork, type ProgramInput } from '../infer/program.ts';

/**
 * What exported code is asked by its self-test, made by itself: state = state·1664525 + 1013904223 in 32 bits, from 1 on (Press
 * et al. 1992, section 7.1), of which each number takes the upper 16 bits: as a whole number of either sign divided by 8192, and
 * for an input of a table as one without a sign, less what the entries divide.
 */
export function* testNumbers(): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    yield state >> 16;
  }
}

/** The first so many samples, input by input within each; a list of inputs, samples in order. */
function testInputs(network: Graph<Stored>, samples = 1): ProgramInput[] {
  const numbers = testNumbers();
  const inputs = network.inputs.map(({ name, shape, dtype }) => {
    const size = elementsOf(shape);
    const entries = dtype === 'int32' ? entriesFor(network, name) : 0;
    const array = dtype === 'int32' ? new Int32Array(samples * size) : new Float32Array(samples * size);
    return { array, size, make: (x: number): number => (dtype === 'int32' ? (x & 0xffff) % entries : x / 8192) };
  });
  for (let sample = 0; sample < samples; sample++)
    for (const { array, size, make } of inputs)
      for (let i = sample * size; i < (sample + 1) * size; i++) array[i] = make(numbers.next().value);
  return inputs.map(({ array }) => array);
}

/** FNV-1a (Fowler, Noll & Vo) of bytes, in 32 bits, going on from an earlier one. */
function fnv1a(bytes: Uint8Array, from = 0x811c9dc5): number {
  let hash = from;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * The digest of what the engine answers to some samples, by the kernels of a table: of each sample its outputs one after the
 * other, as float32. For -0 and for NaN, whose bits are not defined, 0 is taken.
 */
export function testDigest(network: Graph<Stored>, samples = 1, kernels: Kernels = cpu): number {
  const program = compileNetwork(network, samples, kernels, { sparse: 'never' });
  const results = program.run(testInputs(network, samples), samples);
  let digest = fnv1a(new Uint8Array());
  for (let sample = 0; sample < samples; sample++)
    for (const y of results) {
      const size = y.length / samples;
      const numbers = y.slice(sample * size, (sample + 1) * size).map((x) => x || 0);
      digest = fnv1a(new Uint8Array(numbers.buffer), digest);
    }
  program.dispose();
  return digest;
}
