import { valueAndGrad } from '../autograd/tape.ts';
import { checkFlag, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions } from '../base/options.ts';
import { step } from '../memory/arena.ts';
import { checkTensors, type Tensor } from '../tensor/tensor.ts';
import type { Outcome } from './objective.ts';
import { checkTrained, type Trained, tensorOf } from './parameter.ts';
import { constraintObstacle, copied, type Mover, type ReplayStatus, Trainer } from './trainer.ts';

export interface MinimizeOptions {
  /** What the loss is called with: tensors of any shapes. Default none. */
  readonly batch?: readonly Tensor[];
  /**
   * Whether steps may be recorded and repeated, with the same bits: where the loss does nothing but call operations, the same
   * ones for batches of the same shapes, on its arguments, the parameters and tensors that stay as they are. It is the function
   * that is known again: define it once, outside of the loop. Default false.
   */
  readonly replayable?: boolean;
}

/** The loss as a scalar, of the tensors of a batch if it is given one. */
export type BatchLoss = (...batch: Tensor[]) => Tensor;

/** As in `Setting`: no loss of a model's has a part in these steps. */
const NO_OBJECTIVES = [] as const;
const CLOSURE =
  'minimize repeats a loss that takes the batch as arguments and says so: minimize(loss, parameters, { batch: [x, y], replayable: true })';
const STRANGER =
  'the loss is a function that minimize was not given before: define it once, outside of the loop, and it is known again';

/** The steps of an optimizer on losses that are functions, each with recordings of its own. */
export class Minimizer {
  private readonly trainers = new WeakMap<BatchLoss, Trainer>();
  private last: Trainer | null = null;
  private losses = 0;
  private closures = 0;

  get status(): ReplayStatus {
    const { last, closures } = this;
    if (last === null) {
      const reason = closures === 0 ? 'no step was made yet' : CLOSURE;
      return { isReplaying: false, reason, eager: closures, recorded: 0, replayed: 0 };
    }
    const { status } = last;
    const isStranger = this.losses > 1 && status.eager + status.replayed === 1;
    return isStranger ? { ...status, reason: STRANGER } : status;
  }

  /** One step; returns the loss before it. */
  step(optimizer: Mover, loss: BatchLoss, parameters: readonly Trained[], options: MinimizeOptions): number {
    checkFunction('minimize', 'loss', loss, 'that returns the loss as a scalar tensor');
    checkOptions('minimize', options, 'batch replayable', 'Write { batch: $ }');
    checkTrained('minimize', parameters);
    const { batch = [], replayable = false } = options;
    checkFlag('minimize', 'replayable', replayable);
    if (!Array.isArray(batch)) throw new ValueError('minimize', 'batch', 'a list of tensors', batch);
    checkTensors('minimize', ...batch);
    const compute = (tensors: readonly Tensor[]): Outcome => {
      const { value, grads } = valueAndGrad(() => loss(...tensors), parameters.map(tensorOf));
      optimizer.apply(parameters, grads);
      return { loss: value, losses: [], predictions: null };
    };
    if (!replayable) {
      this.last = null;
      this.closures++;
      return step(() => compute(batch).loss.item());
    }
    if (batch.length === 0)
      throw new ValueError(
        'minimize',
        'batch',
        'the tensors that a replayable loss is called with',
        batch,
        'What a loss reads besides its arguments would be that of its first steps for ever',
      );
    for (const p of parameters) tensorOf(p).check('minimize'); // a repetition writes to where it was
    const trainer = this.trainerOf(loss);
    this.last = trainer;
    const setting = {
      optimizer,
      objectives: NO_OBJECTIVES,
      parameters,
      moved: [],
      weights: () => parameters,
      obstacle: () => constraintObstacle(parameters),
      wantsPredictions: false,
    };
    return trainer.step(batch.map(copied), setting, compute, () => {});
  }

  private trainerOf(loss: BatchLoss): Trainer {
    const known = this.trainers.get(loss);
    if (known !== undefined) return known;
    const trainer = new Trainer();
    this.trainers.set(loss, trainer);
    this.losses++;
    return trainer;
  }
}
