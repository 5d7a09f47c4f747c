import type { CompiledGraph } from './compiled.ts';
import type { Lists } from './samples.ts';

/** A model as a training left it, with the samples of that training. */
export interface Left {
  readonly model: CompiledGraph;
  readonly train: Lists;
  readonly held: Lists;
}

/** A history that gives what training left for as long as it is so: until weights, losses or metrics are others. */
export function withLeft<H extends object>(history: H, left: Left): H {
  const { model } = left;
  const { objectives } = model;
  const before = fingerprint(model);
  const value = (): Left | undefined =>
    model.objectives === objectives && fingerprint(model) === before ? left : undefined;
  return Object.defineProperty(history, 'left', { value }); // not among what is printed, compared or made JSON
}

/** A number that changes with the weights. */
function fingerprint({ weights }: CompiledGraph): number {
  let hash = 0;
  for (const { value } of weights) {
    const { buffer, byteOffset, byteLength } = value.data;
    const words = new Int32Array(buffer, byteOffset, byteLength / 4);
    for (let i = 0; i < words.length; i++) hash = (Math.imul(hash, 31) + words[i]!) | 0;
  }
  return hash;
}
