import type { FloatArray } from '../../kernels/arrays.ts';
import { add, mul } from '../autograd/arithmetic.ts';
import { abs } from '../autograd/elementwise.ts';
import { floats } from '../autograd/operands.ts';
import { checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { assign, copyOf, type Tensor } from '../tensor/tensor.ts';
import { normOf } from './constraints.ts';
import { Optimizer, type OptimizerConfig, type OptimizerRule } from './optimizer.ts';
import { Parameter, type Trained } from './parameter.ts';

const GROUPS = ['element', 'row', 'column', 'channel'] as const;
const MAPS = ['soft', 'group', 'minimal'] as const;

/** Which numbers of a kernel become 0 together. */
export type ProximalGroups = (typeof GROUPS)[number];

/** What brings them there. */
export type ProximalMap = (typeof MAPS)[number];

export interface ProximalOptions {
  /** Strength of the penalty, at least 0: a step of learning rate r has the threshold r·lambda. For all maps but `minimal`. */
  readonly lambda?: number;
  /** For the map `minimal`: the share of the groups of each kernel that is 0, at least, in [0, 1). */
  readonly sparsity?: number;
  /**
   * Default `element`, each number by itself. `row`: what one number of the input meets, a row of [inputs, units];
   * `column`: what makes a unit, a column of a dense layer or a filter of a convolution, without its bias; `channel`: these of
   * convolutions alone.
   */
  readonly groups?: ProximalGroups;
  /**
   * `soft` (default for `element`): the proximal map of lambda·Σ|w|, the lasso. `group` (default for all others): of
   * lambda·Σ√size·‖group‖₂, the group lasso (Yuan & Lin 2006). `minimal`: only the groups of the largest norms are kept, a hard
   * threshold without a penalty (Blumensath & Davies 2009), which is torchao's MinSparsityConstraint.
   */
  readonly map?: ProximalMap;
}

/** What errors say to write. */
export const WRAPPED = 'Write new Proximal(new Adam(), { lambda: 0.1 })';

type Own = OptimizerConfig & { readonly of: string; readonly groups: ProximalGroups; readonly map: ProximalMap };

/**
 * Another optimizer, with a proximal map behind each of its steps, which brings kernels to exact zeros where a penalty in the
 * loss only makes them small (Parikh & Boyd 2014; as the optimizer of torchao's pruning-aware training, whose names the
 * groups and maps have). So neurons die, and `shrink` removes them. The step comes first, with clipping and weight decay, then
 * the map, the weight's constraint and its mask. Of models it moves kernels alone (those that `prune` prunes), and of tensors
 * of your own those of two axes or more. Adam's steps are about the learning rate whatever the gradient is: lambda is a share
 * of them there, 0.01 to 0.5.
 *
 * The learning rate, or its schedule, and clipping are taken over from the optimizer given, which must not have made steps:
 * the steps and state are this one's from then on. Devices have no shader for it.
 *
 * @example
 * const w = tensor([[1.5, 0.25]]);
 * new Proximal(new SGD({ learningRate: 1 }), { lambda: 0.5 }).apply([w], [zeros([1, 2])]);
 * w; // [[1. 0.]]
 * const optimizer = new Proximal(new Adam(), { lambda: 0.1, groups: 'column' }); // for compile: whole neurons become 0
 */
export class Proximal extends Optimizer<Own> {
  override readonly name = 'Proximal';
  /** What makes the steps. */
  readonly optimizer: Optimizer;
  private readonly rule: OptimizerRule;

  constructor(optimizer: Optimizer, options: ProximalOptions) {
    const refuse = (field: string, wanted: string, got: unknown, remedy?: string): never => {
      throw new ValueError('Proximal', field, wanted, got, remedy);
    };
    if (!(optimizer instanceof Optimizer) || optimizer instanceof Proximal)
      refuse('the first argument', 'an optimizer that is no Proximal', optimizer, WRAPPED);
    if (optimizer.iterations > 0)
      throw new StateError(
        'Proximal',
        `the ${optimizer.name} given has made ${optimizer.iterations} steps: give a new one, or its state is lost`,
      );
    checkOptions('Proximal', options, 'lambda sparsity groups map', 'Write { lambda: $ }');
    const { groups = 'element', map = groups === 'element' ? 'soft' : 'group' } = options;
    checkOneOf('Proximal', 'groups', groups, GROUPS);
    checkOneOf('Proximal', 'map', map, MAPS);
    if (map === 'soft' && groups !== 'element')
      refuse('map', `group or minimal for groups of ${groups}s, since soft takes each number by itself`, map);
    const [field, other] = map === 'minimal' ? (['sparsity', 'lambda'] as const) : (['lambda', 'sparsity'] as const);
    const strength = options[field] ?? refuse(field, `given for the map ${map}`, options[field]);
    if (options[other] !== undefined)
      refuse(other, `left out for the map ${map}, which goes by ${field}`, options[other]);
    const rule = Optimizer.ruleOf(optimizer);
    super('Proximal', rule.options, 0, { of: optimizer.name, [field]: strength, groups, map }, rule.decays);
    this.optimizer = optimizer;
    this.rule = rule;
  }

  override config(): OptimizerConfig {
    return { ...this.optimizer.config(), ...super.config() };
  }

  protected override slotNames(): readonly string[] {
    return this.rule.slotNames();
  }

  protected override scalars(learningRate: number, block: FloatArray, powers: readonly number[]): void {
    this.rule.scalars(learningRate, block, powers);
    block[7] = learningRate * ((this.own.lambda as number | undefined) ?? 0);
  }

  protected override checkWeight(weight: Parameter): void {
    super.checkWeight(weight);
    const { groups, map } = this.own;
    if (weight.sharing !== null && map !== 'soft')
      throw new StateError(
        'Proximal',
        `${weight.name} is shared, and the map ${map} of groups by ${groups} takes its numbers one way here and another there: take soft`,
      );
  }

  protected override update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
    weight: Trained,
  ): void {
    this.rule.update(p, w, g, slots, block, weight);
    const units = unitAxisOf(weight);
    if (units === null) return;
    const { groups, map } = this.own;
    const kernels = kernelsFor(p.dtype);
    if (map === 'soft') {
      kernels.softThreshold(p.size, w, block);
      return;
    }
    if (groups !== 'element' && p.rank < (groups === 'channel' ? 3 : 2)) return;
    const others = p.shape.flatMap((_, axis) => (axis === p.rank + units ? [] : [axis]));
    const factors = groups === 'element' ? abs(p) : normOf(p, groups === 'row' ? units : others);
    const n = factors.size;
    const array = floats('Proximal', factors);
    if (n === 0) return;
    if (map === 'group') kernels.groupThreshold(n, array, Math.sqrt(p.size / n), block);
    else kernels.hardThreshold(n, array, zerosOf(n, this.own.sparsity as number), floats('Proximal', copyOf(factors)));
    assign(p, add(mul(p, factors), 0)); // without -0
  }

  protected override initialSlot(): number {
    return this.rule.initialSlot();
  }
}

/** How many of n groups are at least this share, but for what rounding adds to the product, and not all. */
const zerosOf = (n: number, share: number): number => Math.min(n - 1, Math.ceil(share * n - 1e-6));

/** The axis of units of what has kernels' numbers, from the end; null for what is left as it is. */
function unitAxisOf(weight: Trained): number | null {
  if (weight instanceof Parameter) return weight.unitAxis;
  return weight.rank < 2 ? null : -1;
}
