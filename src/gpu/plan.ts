import { DTypeError, ShapeError, StateError } from '../base/errors.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { makerOf } from '../graph/rewrite.ts';
import type { Model } from '../nn/model.ts';
import type { Optimizer } from '../nn/optimizer.ts';
import type { Lists } from '../nn/samples.ts';
import { Objective } from './objective.ts';
import { type Stages, stagesOf } from './stages.ts';
import { type Rule, ruleOf } from './weights.ts';

/** Samples as a device takes them: copies, of `count` rows. */
export interface FlatSamples {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly count: number;
}

/** What of a model decides which shaders run. Throws StateError, which names the part, for what has none. */
export class Plan {
  readonly optimizer: Optimizer;
  readonly stages: Stages;
  readonly objective: Objective;
  readonly rule: Rule;
  readonly inputs: number;
  readonly outputs: number;
  readonly metric: string | null;
  private readonly model: Model;

  constructor(op: string, model: Model) {
    this.model = model;
    this.optimizer = model.optimizer;
    if (model.dtype !== 'float32') throw new DTypeError(op, [model.dtype], 'a device computes in float32');
    this.rule = ruleOf(op, this.optimizer);
    const shared = model.trainable.find(({ sharing }) => sharing !== null);
    if (shared !== undefined) throw new StateError(op, `${shared.name} is shared, which has no shader for training`);
    const bound = model.trainable.find(({ constraint }) => constraint !== null);
    if (bound !== undefined)
      throw new StateError(op, `the constraint ${bound.constraint!.name} of ${bound.name} has no shader`);
    if (model.objectives[0]!.weight !== 1) throw new StateError(op, 'lossWeights has no shader');
    const [metric, ...others] = model.metrics;
    const unknown = model.metrics.find((each) => each.isAccuracy !== true);
    if (unknown !== undefined)
      throw new StateError(op, `the metric ${unknown.name} has no shader; the library's accuracy alone has one`);
    if (others.length > 0)
      throw new StateError(op, `there is a shader for one metric, and ${others.length + 1} are asked for`);
    this.metric = metric?.name ?? null;
    this.objective = new Objective(op, model, this.metric);
    const logits = this.objective.onLogits ? makerOf(model.graph, model.graph.outputs[0]!, true) : null;
    this.stages = stagesOf(op, model.graph, { forTraining: true, logits });
    this.inputs = elementsOf(model.inputShape);
    this.outputs = elementsOf(model.outputShape);
  }

  /** The first `count` samples, copied. Throws unless they can be samples and targets of the model. */
  flat(op: string, { xs, ys }: Lists, count: number): FlatSamples {
    const x = xs[0]!;
    if (x.dtype !== 'float32') throw new DTypeError(op, [x.dtype], 'samples must be float32', 'cast() them?');
    if (!sameShape(x.shape.slice(1), this.model.inputShape))
      throw new ShapeError(op, [x.shape, this.model.inputShape], 'samples do not have the shape of the model');
    const targets = this.objective.targets(ys[0]!).data as Float32Array;
    return {
      x: (x.data as Float32Array).slice(0, count * this.inputs),
      y: targets.slice(0, count * this.outputs),
      count,
    };
  }
}
