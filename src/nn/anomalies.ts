import { watching } from '../autograd/tape.ts';
import { listed, StateError } from '../base/errors.ts';
import type { TapeNode, Tensor } from '../tensor/tensor.ts';
import { nodeInPass } from './forward.ts';
import type { LayerGraph } from './layer-graph.ts';
import type { LossWatch } from './not-finite.ts';

/** The number at this place of the memory in order of the rows, with its indices: `NaN at [3, 0] of [32, 10]`. */
function placed({ data, shape }: Tensor, at: number): string {
  const indices: number[] = [];
  let rest = at;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `${data[at]} at ${listed(indices)} of ${listed(shape)}`;
}

/** Looks at every number that training steps make, and ends training at the first that is not finite. */
export class Anomalies {
  /** Why such steps are not repeated from a recording. */
  readonly obstacle = 'fit was told anomaly: true, and looks at every number';
  private readonly model: LayerGraph;
  private readonly watch: LossWatch;
  private where = '';

  constructor(model: LayerGraph, watch: LossWatch) {
    this.model = model;
    this.watch = watch;
  }

  /** Before a step on these samples. Throws StateError where they, or the weights, are not finite. */
  begin(epoch: number, batch: number, samples: readonly number[]): void {
    this.where = `in step ${this.model.steps + 1} (epoch ${epoch + 1}, batch ${batch + 1})`;
    const cause = this.watch.cause(samples);
    if (cause !== undefined) throw new StateError('fit', `before anything is computed ${this.where}, ${cause}`);
  }

  /** Runs a step. Throws StateError at the first number that is not finite, with the operation, its layer and the step. */
  over<T>(optimizer: string, step: () => T): T {
    const { model } = this;
    const made: [output: Tensor, place: string][] = [];
    let places: ReadonlyMap<TapeNode, string> | null = null;
    const result = watching(
      (op, output, _inputs, isForward) => {
        if (!isForward) return; // pullbacks are looked at as a whole
        const place = this.placeNow();
        this.check(output, `${op} of ${place} gave`, 'going forward ');
        made.push([output, place]);
      },
      step,
      (node, gradient) => {
        places ??= new Map(made.flatMap(([{ node: own }, place]) => (own === null ? [] : [[own, place]])));
        this.check(gradient, `the gradient through ${node.op} of ${places.get(node)} became`, 'going backward ');
      },
    );
    for (const { name, value } of model.trainable) this.check(value, `${optimizer} made of ${name}`);
    return result;
  }

  /** What is computed: a layer, or what comes behind the last one. */
  private placeNow(): string {
    const node = nodeInPass();
    return node === null ? 'the loss' : `layer ${this.model.layerOf(node).name}`;
  }

  private check(t: Tensor, what: string, direction = ''): void {
    const at = t.data.findIndex((value: number) => !Number.isFinite(value));
    if (at >= 0) throw new StateError('fit', `${direction}${this.where}, ${what} ${placed(t, at)}`);
  }
}
