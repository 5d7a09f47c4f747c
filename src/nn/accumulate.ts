import { add, mul } from '../autograd/arithmetic.ts';
import { noGrad } from '../autograd/tape.ts';
import { persistent } from '../memory/arena.ts';
import { type FloatDType, isFloat } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { zeros } from '../tensor/create.ts';
import { assign, empty, type Tensor } from '../tensor/tensor.ts';
import type { Optimizer } from './optimizer.ts';
import { type Trained, tensorOf } from './parameter.ts';

/** What a training step needs of an optimizer. */
type Mover = Pick<Optimizer, 'apply' | 'storages' | 'slotsVersion'>;

/** Which batches of a group there are: kinds of steps of their own, since they call different kernels. */
const ROLES = ['only', 'first', 'middle', 'last'] as const;
type Role = (typeof ROLES)[number];

/**
 * Makes one step of an optimizer of several batches in a row: their gradients are summed, each by its batch's share of the
 * samples, so that the sum is the gradient of the mean loss over all of them. Clipping, masks and constraints see the sum.
 */
export class Accumulation {
  private readonly optimizer: Optimizer;
  /** Samples of an epoch, and of a group; the last group has what is left. */
  private readonly samples: number;
  private readonly together: number;
  private readonly sums = new Map<Tensor, Tensor>();
  /** Weights whose sums are of the group that runs. */
  private summed: readonly Tensor[] = [];
  private share = 1;
  /** One object for each role, and no other: recorded steps know theirs by it. */
  private readonly movers: Readonly<Record<Role, Mover>>;

  constructor(optimizer: Optimizer, samples: number, together: number) {
    this.optimizer = optimizer;
    this.samples = samples;
    this.together = together;
    this.movers = {
      only: this.moverFor('only'),
      first: this.moverFor('first'),
      middle: this.moverFor('middle'),
      last: this.moverFor('last'),
    };
  }

  /** What takes the gradients of these weights on the batch of `count` samples that begins at sample `start` of an epoch. */
  moverAt(start: number, count: number, weights: readonly Trained[]): Mover {
    const begin = start - (start % this.together);
    const end = Math.min(this.samples, begin + this.together);
    const isFirst = start === begin;
    const isLast = start + count === end;
    this.share = count / (end - begin);
    const own = weights.map(tensorOf);
    // A layer that begins to train in the middle of a group has no gradient of the batches before.
    if (!isFirst) for (const p of own) if (!this.summed.includes(p)) this.sumOf(p).storage.array.fill(0);
    this.summed = own;
    return this.movers[isFirst ? (isLast ? 'only' : 'first') : isLast ? 'last' : 'middle'];
  }

  private sumOf(p: Tensor): Tensor {
    const own = this.sums.get(p) ?? persistent(() => zeros(p.shape, p.dtype));
    this.sums.set(p, own);
    return own;
  }

  private moverFor(role: Role): Mover {
    const { optimizer } = this;
    const sumOf = (weight: Trained): Tensor => this.sumOf(tensorOf(weight));
    return {
      get slotsVersion(): number {
        return optimizer.slotsVersion;
      },
      // Sums in each role, or those of another kind of step would leave the heap.
      storages: (parameters, weights) => [
        ...optimizer.storages(parameters, weights),
        ...parameters.map((weight) => sumOf(weight).storage),
      ],
      apply: (parameters, gradients) => {
        if (role === 'only') return optimizer.apply(parameters, gradients);
        noGrad(() => {
          const parts = this.shares(gradients);
          const all = role === 'first' ? parts : parts.map((part, i) => add(sumOf(parameters[i]!), part));
          if (role === 'last') return optimizer.apply(parameters, all);
          all.forEach((sum, i) => {
            assign(sumOf(parameters[i]!), sum);
          });
        });
      },
    };
  }

  /** Gradients times the share of their batch, which a recorded step reads anew. */
  private shares(gradients: readonly Tensor[]): readonly Tensor[] {
    const factors = new Map<FloatDType, Tensor>();
    for (const { dtype } of gradients) {
      if (!isFloat(dtype) || factors.has(dtype)) continue;
      const factor = empty([], dtype);
      factors.set(dtype, factor);
      eachTime(() => {
        factor.storage.array[0] = this.share;
      });
    }
    return gradients.map((g) => mul(g, factors.get(g.dtype as FloatDType)!));
  }
}
