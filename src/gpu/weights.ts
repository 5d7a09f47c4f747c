import {
  adamMoments,
  adamStep,
  momentumStep,
  penaltySums,
  sgdStep,
  sgdVelocity,
  type WeightRules,
} from '../../kernels/gpu/elementwise.ts';
import type { Shader } from '../../kernels/gpu/shader.ts';
import { StateError } from '../base/errors.ts';
import type { Storage } from '../memory/arena.ts';
import type { Optimizer } from '../nn/optimizer.ts';
import { Adam, isNamedOptimizer, SGD } from '../nn/optimizers.ts';
import type { Parameter } from '../nn/parameter.ts';
import type { Regularizer } from '../nn/regularizers.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Device, type DeviceTensor, matrixOf } from './device-tensor.ts';
import { building, replacing } from './scope.ts';

/** An optimizer as shaders know it. */
export type Rule =
  | { readonly name: 'sgd'; readonly hasMomentum: boolean; readonly isNesterov: boolean }
  | { readonly name: 'adam' };

/** The rule of an optimizer. Throws StateError for one that has no shader, or an option that has none. */
export function ruleOf(op: string, optimizer: Optimizer): Rule {
  const config = optimizer.config();
  const option = ['clipNorm', 'globalClipNorm', 'clipValue', 'amsgrad'].find(
    (name) => config[name] !== undefined && config[name] !== false,
  );
  if (option !== undefined) throw new StateError(op, `${option} of ${optimizer.name} has no shader`);
  if (!isNamedOptimizer(optimizer))
    throw new StateError(op, `${optimizer.constructor.name}, an optimizer of another class than ours, has no shader`);
  if (optimizer instanceof SGD)
    return { name: 'sgd', hasMomentum: config.momentum !== 0, isNesterov: config.nesterov === true };
  if (optimizer instanceof Adam) return { name: 'adam' };
  throw new StateError(op, `the optimizer ${optimizer.name} has no shader; SGD, Adam and AdamW have one`);
}

/** A weight in training: itself, its optimizer's state and its mask, on the device. */
export class DeviceWeight {
  readonly parameter: Tensor;
  value: DeviceTensor;
  private state: DeviceTensor | null;
  private readonly mask: DeviceTensor | null;
  private readonly rules: WeightRules;
  private readonly rule: Rule;
  /** Of the optimizer: its slots for this weight. */
  private readonly slots: readonly Storage[];

  private constructor(
    parameter: Tensor,
    value: DeviceTensor,
    state: DeviceTensor | null,
    mask: DeviceTensor | null,
    rule: Rule,
    regularizer: Regularizer | null,
    slots: readonly Storage[],
  ) {
    this.parameter = parameter;
    this.value = value;
    this.state = state;
    this.mask = mask;
    this.rule = rule;
    this.rules = { l1: regularizer?.l1 ?? 0, l2: regularizer?.l2 ?? 0, isMasked: mask !== null };
    this.slots = slots;
  }

  /** Copies a parameter to the device, and what the optimizer keeps for it; one that is not trained has no slots. */
  static async send(gpu: Device, weight: Parameter, rule: Rule, slots: readonly Storage[]): Promise<DeviceWeight> {
    const { mask, regularizer, value: parameter } = weight;
    const shape = matrixOf(weight.shape);
    return building(async (scope) => {
      const value = await scope.keep(gpu.send(parameter.data, shape));
      // Adam's two moments are one tensor, so that one shader makes both
      const state = new Float32Array(slots.length * parameter.size);
      slots.forEach(({ array }, i) => {
        state.set(array as Float32Array, i * parameter.size);
      });
      const cols = shape.at(-1)!;
      const stacked = slots.length === 2 ? [2, cols === 0 ? 0 : parameter.size / cols, cols] : shape;
      const held = slots.length === 0 ? null : await scope.keep(gpu.send(state, stacked));
      const masks = mask && (await scope.keep(gpu.send(mask.data, shape)));
      return new DeviceWeight(parameter, value, held, masks, rule, regularizer, slots);
    });
  }

  /** One step of the optimizer against a gradient. `scalars` is what its `advance` gave for the weight. */
  async step(gradient: DeviceTensor, scalars: Float32Array): Promise<void> {
    const { rules, rule, mask } = this;
    const [, rows, cols] = this.value.extent;
    const { gpu, shape } = this.value;
    const masks = mask === null ? [] : [mask];
    const run = (shader: Shader, args: readonly (DeviceTensor | number)[], of = shape): Promise<DeviceTensor> =>
      gpu.run(shader, [...args, ...masks], of);
    const [rate = 0, momentum = 0] = scalars;
    let next: Promise<DeviceTensor>;
    if (rule.name === 'adam') {
      const [, epsilon = 0, beta1 = 0, rest1 = 0, beta2 = 0, rest2 = 0, decay = 0] = scalars;
      const moments = [this.value, gradient, this.state!, beta1, rest1, beta2, rest2];
      this.state = await replacing(this.state, run(adamMoments(rows, cols, rules), moments, this.state!.shape));
      next = run(adamStep(rows, cols, rules), [this.value, this.state, rate, epsilon, decay]);
    } else if (rule.hasMomentum) {
      const velocity = [this.value, gradient, this.state!, rate, momentum];
      this.state = await replacing(this.state, run(sgdVelocity(rows, cols, rules), velocity));
      const ahead = rule.isNesterov ? [gradient, rate, momentum] : [];
      next = run(momentumStep(rows, cols, rule.isNesterov, rules), [this.value, this.state, ...ahead]);
    } else {
      next = run(sgdStep(rows, cols, rules), [this.value, gradient, rate]);
    }
    this.value = await replacing(this.value, next);
  }

  /** Another value, made from the one before, in its place. */
  async move(next: (old: DeviceTensor) => Promise<DeviceTensor>): Promise<void> {
    this.value = await replacing(this.value, next(this.value));
  }

  get isPenalized(): boolean {
    return this.value.size > 0 && (this.rules.l1 > 0 || this.rules.l2 > 0);
  }

  /** `before` [cols] plus `count` times the weight's penalty, column by column. */
  penalty(before: DeviceTensor, count: number): Promise<DeviceTensor> {
    const [, rows, cols] = this.value.extent;
    return this.value.gpu.run(penaltySums(rows, cols, this.rules), [this.value, before, count], [cols]);
  }

  /** Reads everything back, and returns what writes it into the parameter and the optimizer. */
  async fetch(): Promise<() => void> {
    const { gpu } = this.value;
    const value = await gpu.fetch(this.value);
    const state = this.state === null ? null : await gpu.fetch(this.state);
    return () => {
      const { parameter, slots } = this;
      parameter.storage.array.set(value);
      parameter.storage.version++;
      const { size } = parameter;
      slots.forEach(({ array }, i) => {
        array.set(state!.subarray(i * size, (i + 1) * size));
      });
    };
  }

  dispose(): void {
    for (const t of [this.value, this.state, this.mask]) t?.dispose();
  }
}
