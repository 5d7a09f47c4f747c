import { reference } from '../../kernels/reference/reference.ts';
import type { Network } from '../../src/graph/network.ts';
import { compileNetwork } from '../../src/infer/index.ts';

/** What a network gives for samples, a list of numbers each for its inputs. Those of an int32 input are made whole. */
export function answers(network: Network, inputs: readonly Float32Array[], samples: number): Float32Array[] {
  const given = inputs.map((values, i) => (network.inputs[i]!.dtype === 'int32' ? Int32Array.from(values) : values));
  const program = compileNetwork(network, samples, reference);
  return program.run(given, samples).map((values) => Float32Array.from(values));
}

/** The greatest distance of two lists of one length, as a share of the larger number or of 1. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const far = Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(b[i]!));
    most = Number.isNaN(far) ? Infinity : Math.max(most, far);
  }
  return most;
}
