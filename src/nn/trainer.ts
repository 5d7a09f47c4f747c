import type { TypedArray } from '../../kernels/arrays.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { type Shape, sameShape, stridesOf } from '../base/shape.ts';
import { Arena, releaseIdle, type Storage, step, stepIn } from '../memory/arena.ts';
import type { DType } from '../memory/dtype.ts';
import { cannotRepeat } from '../memory/recorder.ts';
import { NO_ROOM, Recording, record } from '../memory/recording.ts';
import { Residence, residenceMoves } from '../memory/residence.ts';
import { run } from '../memory/runtime.ts';
import { copyOf, empty, fromData, Tensor } from '../tensor/tensor.ts';
import type { Objective, Outcome } from './objective.ts';
import type { Optimizer } from './optimizer.ts';
import type { Parameter } from './parameter.ts';
import type { Sharing } from './sharing.ts';

/** A tensor of the batch: what it looks like, and how this step's numbers get into its memory. */
export interface Input {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly write: (to: Storage) => void;
}

/** All tensors of a batch: samples, targets, and sample weights if there are any. */
export type Inputs = readonly Input[];

/** Besides the shapes of the batch, all that decides which kernels a step calls on which memory. */
export interface Setting {
  readonly optimizer: Pick<Optimizer, 'apply' | 'storages' | 'slotsVersion'>;
  /** Of a kind of its own for each way to compute a loss. */
  readonly objectives: readonly Objective[];
  /** The trained weights. */
  readonly parameters: readonly Parameter[];
  /** The running statistics that a step moves. */
  readonly moved: readonly Parameter[];
  /** All weights. */
  readonly weights: () => readonly Parameter[];
  /** Why such steps are not to be recorded; null if they are. */
  readonly obstacle: () => string | null;
  /** Whether the outputs are looked at after the step. */
  readonly wantsPredictions: boolean;
}

type Compute = (batch: readonly Tensor[]) => Outcome;
type Observe = (batch: readonly Tensor[], outcome: Outcome) => void;

const isObserved = ({ losses, predictions }: Outcome): boolean => predictions !== null || losses.length > 0;

/** How the steps of a model are run. */
export interface ReplayStatus {
  /** Whether the last step was a repetition of a recorded one. */
  readonly isReplaying: boolean;
  /** Why, or why not. */
  readonly reason: string;
  /** Steps so far: run operation by operation, some of them recorded, and repeated. */
  readonly eager: number;
  readonly recorded: number;
  readonly replayed: number;
}

/** Recordings that a model keeps: full and partial batch, with and without masks, and some to spare. */
const MOST_RECORDINGS = 8;
/** Models trained batch by batch that keep their weights in the heap. */
const MOST_RESIDENTS = 8;

/** A kind of step that was met: the first of its kind runs eagerly, the second is recorded, the others repeat it. */
class Kind {
  recording: Recording | null = null;
  /** Why it is not to be recorded. */
  obstacle: string | null;
  tensors: readonly Tensor[] = [];
  outcome: Outcome | null = null;
  readonly arena: Arena = new Arena();
  isNew = true;
  private readonly setting: Setting;
  private readonly masks: readonly (Tensor | null)[];
  private readonly sharings: readonly (Sharing | null)[];
  private readonly slots: number;
  private readonly shapes: readonly Shape[];
  private readonly dtypes: readonly DType[];

  constructor(inputs: Inputs, setting: Setting) {
    this.obstacle = setting.obstacle();
    this.setting = setting;
    this.masks = setting.parameters.map(({ mask }) => mask);
    this.sharings = setting.parameters.map(({ sharing }) => sharing);
    this.slots = setting.optimizer.slotsVersion;
    this.shapes = inputs.map((input) => input.shape);
    this.dtypes = inputs.map((input) => input.dtype);
  }

  fits(inputs: Inputs, { optimizer, objectives, parameters, moved, wantsPredictions }: Setting): boolean {
    const own = this.setting;
    if (own.optimizer !== optimizer || own.objectives !== objectives || own.wantsPredictions !== wantsPredictions)
      return false;
    if (own.parameters.length !== parameters.length || optimizer.slotsVersion !== this.slots) return false;
    for (let i = 0; i < parameters.length; i++) {
      const { mask, sharing } = parameters[i]!;
      if (own.parameters[i] !== parameters[i] || this.masks[i] !== mask || this.sharings[i] !== sharing) return false;
    }
    if (own.moved.length !== moved.length || own.moved.some((each, i) => each !== moved[i])) return false;
    if (inputs.length !== this.shapes.length) return false;
    for (let i = 0; i < inputs.length; i++) {
      if (inputs[i]!.dtype !== this.dtypes[i] || !sameShape(inputs[i]!.shape, this.shapes[i]!)) return false;
    }
    return true;
  }

  dispose(): void {
    this.arena.dispose();
    this.recording = null;
  }
}

/** Trainers that hold memory without a `fit` around them, the latest last. */
const residentTrainers: Trainer[] = [];

/** Runs the training steps of one model, repeating recorded ones where it can. */
export class Trainer {
  private kinds: Kind[] = [];
  private residence: Residence | null = null;
  private kernels: Kernels | null = null;
  private moves = 0;
  private isFitting = false;
  private counts = { eager: 0, recorded: 0, replayed: 0 };
  private last: { isReplaying: boolean; reason: string } = { isReplaying: false, reason: 'no step was made yet' };

  get status(): ReplayStatus {
    return { ...this.last, ...this.counts };
  }

  /** A fit begins: until `release` no other model's training takes this one's place in the heap. */
  begin(): void {
    this.isFitting = true;
    this.leaveResidents();
  }

  /** One step; returns the loss before it. `observe` is handed what more than the loss there is to see. */
  step(inputs: Inputs, setting: Setting, compute: Compute, observe: Observe): number {
    cannotRepeat('another model trains during the step');
    this.prepare();
    const kind = this.kindOf(inputs, setting);
    if (kind.recording !== null) return this.replay(kind, kind.recording, inputs, observe);
    if (kind.isNew || kind.obstacle !== null) return this.eager(kind, inputs, compute, observe);
    return this.record(kind, inputs, compute, observe);
  }

  /** Gives all memory back; weights return to where they were. */
  release(): void {
    this.leave();
    this.isFitting = false;
  }

  private leave(): void {
    this.forget();
    this.residence?.release();
    this.residence = null;
    this.kernels = null;
    this.leaveResidents();
  }

  private leaveResidents(): void {
    const at = residentTrainers.indexOf(this);
    if (at >= 0) residentTrainers.splice(at, 1);
  }

  private forget(): void {
    for (const kind of this.kinds) kind.dispose();
    this.kinds = [];
  }

  /** Notices another table of kernels, and what else makes recordings void. */
  private prepare(): void {
    const { kernels } = run;
    const { heap } = kernels;
    if (kernels !== this.kernels) {
      this.leave();
      this.kernels = kernels;
      if (heap !== undefined) {
        this.residence = new Residence(heap);
        if (!this.isFitting) residentTrainers.push(this);
        if (residentTrainers.length > MOST_RESIDENTS) residentTrainers[0]!.release();
      }
    }
    this.noticeMoves();
  }

  /** A recording holds addresses: of numbers that have moved since it may know nothing. */
  private noticeMoves(): void {
    const moves = (this.kernels?.heap?.generation ?? 0) + residenceMoves();
    if (moves !== this.moves) this.forget();
    this.moves = moves;
  }

  private kindOf(inputs: Inputs, setting: Setting): Kind {
    for (let i = this.kinds.length - 1; i >= 0; i--) if (this.kinds[i]!.fits(inputs, setting)) return this.kinds[i]!;
    const kind = new Kind(inputs, setting);
    this.settle(setting);
    this.kinds.push(kind);
    if (this.kinds.length > MOST_RECORDINGS) this.kinds.shift()!.dispose();
    return kind;
  }

  /** Moves what steps of this setting read and write again and again into the heap, and back what no longer is. */
  private settle({ weights, parameters, optimizer }: Setting): void {
    const { residence } = this;
    if (residence === null) return;
    const all = weights();
    const tensors = all.flatMap(({ value, mask, sharing }) => [value, mask ?? [], sharing?.codes ?? []].flat());
    residence.keep(new Set([...tensors.map(({ storage }) => storage), ...optimizer.storages(parameters, all)]));
    this.noticeMoves();
  }

  private eager(kind: Kind, inputs: Inputs, compute: Compute, observe: Observe): number {
    const value = step(() => {
      const batch = inputs.map(made);
      const outcome = compute(batch);
      if (isObserved(outcome)) observe(batch, outcome);
      return outcome.loss.item();
    });
    kind.isNew = false;
    this.counts.eager++;
    this.last = { isReplaying: false, reason: kind.obstacle ?? 'a step of its kind was not made before' };
    return value;
  }

  private record(kind: Kind, inputs: Inputs, compute: Compute, observe: Observe): number {
    const { arena } = kind;
    releaseIdle(); // as much as the eager step before took, which its repetitions do not need
    try {
      const tensors = stepIn(arena, () => inputs.map(made));
      const { result, recording } = record(arena, () => compute(tensors));
      const value = result.loss.item();
      if (isObserved(result)) step(() => observe(tensors, result));
      this.counts.eager++;
      if (recording instanceof Recording) {
        Object.assign(kind, { recording, tensors, outcome: result });
        this.counts.recorded++;
        this.last = { isReplaying: false, reason: 'the step was recorded, to be repeated' };
      } else {
        kind.obstacle = recording === NO_ROOM ? null : recording;
        if (kind.obstacle !== null) arena.dispose();
        else arena.reset(); // given back, what it has would pass for the room that it lacked
        this.last = { isReplaying: false, reason: recording };
      }
      return value;
    } catch (error) {
      arena.dispose();
      throw error;
    }
  }

  private replay({ tensors, outcome }: Kind, recording: Recording, inputs: Inputs, observe: Observe): number {
    for (let i = 0; i < inputs.length; i++) inputs[i]!.write(tensors[i]!.storage);
    recording.replay();
    this.counts.replayed++;
    this.last = REPLAYING;
    const { loss, losses, predictions } = outcome!;
    if (isObserved(outcome!)) {
      const now = { loss, losses: losses.map(again), predictions: predictions?.map(again) ?? null };
      step(() => observe(tensors.map(again), now));
    }
    return loss.storage.array[loss.offset]!;
  }
}

const REPLAYING = { isReplaying: true, reason: 'the step repeats a recorded one' };

function made({ shape, dtype, write }: Input): Tensor {
  const t = empty(shape, dtype);
  write(t.storage);
  return t;
}

/** The same tensor after a replay: the one from before is stale. */
function again({ shape, size, storage, offset, viewStrides }: Tensor): Tensor {
  return new Tensor(shape, size, storage, offset, viewStrides);
}

/** A whole tensor as an input. */
export function copied(x: Tensor): Input {
  const { shape, dtype, storage, offset } = x;
  const write = (to: Storage): void => {
    x.check('fit');
    const isWhole = x.viewStrides === null && storage.length === x.size;
    if (isWhole) to.array.set(storage.array);
    else run.kernels.stridedCopy(shape, storage.array, offset, x.strides, to.array, 0, stridesOf(shape));
  };
  return { shape, dtype, write };
}

/** Batches of rows of the samples, in any order, as inputs of steps. */
export class Batches {
  private readonly tensors: readonly Tensor[];
  private readonly rows: Tensor;
  private inputs: Inputs | null = null;

  /** Batches of at most `most` rows. */
  constructor(samples: readonly Tensor[], most: number) {
    this.tensors = samples.map((t) => (t.viewStrides === null && t.offset === 0 ? t : copyOf(t)));
    this.rows = fromData(new Int32Array(most));
  }

  /** Rows order[start] ... order[start + count - 1]; holds until the next call. */
  pick(order: Tensor, start: number, count: number): Inputs {
    const { array: rows } = this.rows.storage;
    const { array: all } = order.storage;
    for (let i = 0; i < count; i++) rows[i] = all[order.offset + start + i]!;
    if (this.inputs?.[0]?.shape[0] !== count) this.inputs = this.tensors.map((t) => this.input(t, count));
    return this.inputs!;
  }

  private input({ shape, dtype, size, storage }: Tensor, count: number): Input {
    const [length, ...rest] = shape as [number, ...number[]];
    const inner = length === 0 ? 0 : size / length;
    const write = (to: Storage): void => {
      const rows = this.rows.storage.array as Int32Array;
      run.kernels.gather<TypedArray>(1, length, inner, count, storage.array, rows, to.array);
    };
    return { shape: [count, ...rest], dtype, write };
  }
}
