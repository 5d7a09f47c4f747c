import { LINEAR } from '../../kernels/gpu/activations.ts';
import { DTypeError, ShapeError, StateError } from '../base/errors.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { Dense } from '../nn/layers.ts';
import type { Samples } from '../nn/samples.ts';
import type { Sequential } from '../nn/sequential.ts';
import { Objective } from './objective.ts';
import { type Stage, stagesOf } from './stages.ts';
import { type Rule, ruleOf } from './weights.ts';

/** What of a model decides which shaders run. */
export class Plan {
  readonly stages: readonly Stage[];
  readonly objective: Objective;
  readonly rule: Rule;
  readonly inputs: number;
  readonly metric: string | null;
  private readonly model: Sequential;

  constructor(op: string, model: Sequential) {
    this.model = model;
    if (model.dtype !== 'float32') throw new DTypeError(op, [model.dtype], 'a device computes in float32');
    this.objective = new Objective(op, model);
    this.rule = ruleOf(op, model.optimizer);
    const names = ['accuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'];
    const [metric, ...others] = model.metrics;
    const unknown = model.metrics.find(({ name }) => !names.includes(name)) ?? others[0];
    if (unknown !== undefined)
      throw new StateError(op, `the metric ${unknown.name} has no shader; accuracy alone has one`);
    this.metric = metric?.name ?? null;
    const active = model.layers.find(
      (layer) => layer instanceof Dense && layer.options.activityRegularizer !== undefined,
    );
    if (active !== undefined) throw new StateError(op, `activityRegularizer of layer ${active.name} has no shader`);
    const stages = stagesOf(op, model);
    this.stages = this.objective.onLogits ? withoutLastActivation(stages) : stages;
    this.inputs = elementsOf(model.inputShape);
  }

  /** Throws unless these can be samples and targets of the model. */
  check(op: string, [x, y]: Samples): void {
    if (x.dtype !== 'float32') throw new DTypeError(op, [x.dtype], 'samples must be float32', 'cast() them?');
    if (!sameShape(x.shape.slice(1), this.model.inputShape))
      throw new ShapeError(op, [x.shape, this.model.inputShape], 'samples do not have the shape of the model');
    this.objective.targets(op, y);
  }
}

/** Without the sigmoid or softmax at the end. */
function withoutLastActivation(stages: readonly Stage[]): Stage[] {
  const last = stages.at(-1)!;
  const others = stages.slice(0, -1);
  return last.type === 'dense' ? [...others, { ...last, activation: LINEAR }] : others;
}
