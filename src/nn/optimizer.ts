import type { FloatArray } from '../../kernels/arrays.ts';
import { floats } from '../autograd/operands.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkCount, checkFlag, checkRange, DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { defined } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import { allocate, persistent, type Storage } from '../memory/arena.ts';
import { type FloatDType, isFloat } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { full } from '../tensor/create.ts';
import { assign, copyOf, type Tensor } from '../tensor/tensor.ts';
import { type ClipOptions, clippedBy } from './clipping.ts';
import { applyMask } from './mask.ts';
import { type BatchLoss, type MinimizeOptions, Minimizer } from './minimize.ts';
import { checkTrained, Parameter, type Trained, tensorOf } from './parameter.ts';
import type { Recipe } from './recipes.ts';
import type { Schedule } from './schedules.ts';
import { centroidGradients, memberGradient, tie } from './sharing.ts';
import type { ReplayStatus } from './trainer.ts';

export interface OptimizerOptions extends ClipOptions {
  /** A number, or a schedule by step. */
  readonly learningRate?: number | Schedule;
}

/** Options as a file holds them. */
export type OptimizerConfig = Recipe;

/** What the options of all optimizers may be. */
const RANGES = {
  learningRate: 'positive',
  clipNorm: 'positive',
  globalClipNorm: 'positive',
  clipValue: 'positive',
  beta1: 'in [0, 1)',
  beta2: 'in [0, 1)',
  rho: 'in [0, 1)',
  momentum: 'in [0, 1)',
  initialAccumulator: 'at least 0',
  epsilon: 'positive',
  weightDecay: 'at least 0',
  lambda: 'at least 0',
  sparsity: 'in [0, 1)',
} as const;

const FLAGS = ['nesterov', 'amsgrad'];

/** The numbers an optimizer needs to go on: scalars, and slots of each parameter in order. */
export interface OptimizerState {
  readonly scalars: Readonly<Record<string, number>>;
  readonly slots: readonly Readonly<Record<string, Tensor>>[];
  /** Of each parameter the powers of its own steps, in the order of `power1`, ..., where those in `scalars` are not its. */
  readonly powers?: readonly (readonly number[] | null)[];
}

/** An optimizer as one that wraps it sees it: its options with the rate or schedule of now, and the methods of its own. */
export interface OptimizerRule {
  readonly options: OptimizerOptions;
  readonly decays: readonly number[];
  readonly slotNames: () => readonly string[];
  readonly initialSlot: () => number;
  readonly scalars: (learningRate: number, block: FloatArray, powers: readonly number[]) => void;
  readonly update: (
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
    weight: Trained,
  ) => void;
}

/** Parameters of one type that have made all their steps together, and so share the scalars of a step. */
interface Clock {
  readonly dtype: FloatDType;
  /** Of the optimizer's decay rates, by steps made: running products, since powers differ between engines. */
  readonly powers: number[];
  members: number;
}

/**
 * Moves parameters against their gradients, in place. Slots (momenta, ...) are made at a parameter's first step, and steps
 * are counted for each: models may share an optimizer, and layers begin to train later. Schedules go by all its steps. Those
 * that square gradients (all but SGD) take each for at most 2⁵⁰ (1e15) in size, so that the square is a number. Shared numbers
 * have one gradient, clipped as such. After the step a weight's constraint is applied, then its mask, to every slot as well.
 *
 * @example
 * class SignDescent extends Optimizer {
 *   override readonly name = 'SignDescent';
 *   constructor() { super('SignDescent', {}, 0.5); }
 *   protected override slotNames(): string[] { return []; }
 *   protected override scalars(rate: number, block: FloatArray): void { block[0] = rate; }
 *   protected override update(p: Tensor, w: FloatArray, g: FloatArray, _: object, [rate]: FloatArray): void {
 *     for (let i = 0; i < p.size; i++) w[i]! -= rate! * Math.sign(g[i]!);
 *   }
 * }
 * const w = tensor([1, 3]);
 * new SignDescent().minimize(() => sum(square(w)), [w]); // 10
 * w; // [0.5 2.5]
 */
export abstract class Optimizer<Own extends OptimizerConfig = OptimizerConfig> {
  abstract readonly name: string;
  /** Steps made so far. */
  iterations = 0;
  private rate: number | Schedule;
  private taken: number | null = null;
  protected readonly options: OptimizerOptions;
  /** Options of this kind of optimizer, with defaults filled in. */
  protected readonly own: Own;
  private readonly slots = new Map<Tensor, Record<string, Tensor>>();
  private readonly clocks = new Map<Tensor, Clock>();
  private readonly minimizer = new Minimizer();
  private readonly decays: readonly number[];
  /** Counts what makes recorded steps void: restorations, which make new slots, and parameters that leave their clock. */
  slotsVersion = 0;

  /** `decays`: rates of which `scalars` needs the powers by the steps that a parameter has made. */
  constructor(
    op: string,
    options: OptimizerOptions,
    defaultRate: number,
    own: Own = {} as Own,
    decays: readonly number[] = [],
  ) {
    this.options = { ...options };
    this.own = own;
    this.decays = decays;
    this.rate = options.learningRate ?? defaultRate;
    const { clipNorm, globalClipNorm, clipValue } = options;
    const common = { learningRate: this.rate, clipNorm, globalClipNorm, clipValue };
    const given: Readonly<Record<string, unknown>> = { ...common, ...own };
    for (const [field, range] of Object.entries(RANGES)) {
      const value = given[field];
      const isSchedule = field === 'learningRate' && typeof value === 'function';
      if (value !== undefined && !isSchedule) checkRange(op, field, value as number, range);
    }
    for (const field of FLAGS) if (field in own) checkFlag(op, field, own[field] as boolean);
  }

  /** The rate of the next step. Setting it, to a number or a schedule, replaces what set it before. */
  get learningRate(): number {
    return typeof this.rate === 'number' ? this.rate : this.rate(this.iterations);
  }

  set learningRate(rate: number | Schedule) {
    if (typeof rate !== 'function') checkRange(this.name, 'learningRate', rate, 'at least 0');
    this.rate = rate;
  }

  /** The rate that the latest step took; before the first, that of the first. */
  get latestRate(): number {
    return this.taken ?? this.learningRate;
  }

  /** True when a schedule sets the rate. */
  get hasSchedule(): boolean {
    return typeof this.rate === 'function';
  }

  /**
   * One training step on `loss(...options.batch)`, which must be a scalar; returns its value before the step. Of a loss that is
   * `replayable` the second step for batches of the same shapes is recorded and the others repeat it.
   */
  minimize(loss: BatchLoss, parameters: readonly Trained[], options: MinimizeOptions = {}): number {
    return this.minimizer.step(this, loss, parameters, options);
  }

  /** How the latest step of `minimize` was run, and of steps of the same loss how many were repeated. */
  get replayStatus(): ReplayStatus {
    return this.minimizer.status;
  }

  /** Moves each parameter by its gradient, which is only read. */
  apply(trained: readonly Trained[], gradients: readonly Tensor[]): void {
    checkTrained(this.name, trained);
    if (!Array.isArray(gradients))
      throw new ValueError(this.name, 'gradients', 'a list of tensors, one for each parameter', gradients);
    const parameters = trained.map(tensorOf);
    if (parameters.length !== gradients.length) {
      throw new StateError(this.name, `got ${gradients.length} gradients for ${parameters.length} parameters`);
    }
    noGrad(() => {
      parameters.forEach((p, i) => {
        this.check(p, gradients[i]!, trained[i]!);
      });
      const clipped = clippedBy(this.options, centroidGradients(trained, gradients));
      const blocks = this.advance(parameters);
      parameters.forEach((p, i) => {
        const slots = this.slotsOf(p);
        const block = blocks[i]!.array as FloatArray;
        const weight = trained[i]!;
        const g = floats(this.name, memberGradient(weight, clipped[i]!));
        this.update(p, floats(this.name, p), g, slots, block, weight);
        if (!(weight instanceof Parameter)) return;
        const { constraint, mask } = weight;
        if (constraint !== null) assign(p, constraint.call(p));
        tie(weight);
        if (mask !== null) for (const t of [p, ...Object.values(slots)]) applyMask(t, mask);
      });
      eachTime(() => {
        for (const { storage } of parameters) storage.version++;
      });
    });
  }

  /**
   * Begins a step: counts it, and gives for each parameter the scalars that kernels read from memory, in the order of this
   * optimizer's kernel. Parameters that have made the same steps share a block.
   */
  advance(trained: readonly Trained[]): readonly Storage[] {
    const clocks = this.clocksOf(trained.map(tensorOf));
    const blocks = [...new Set(clocks)].map((clock) => ({ clock, block: allocate(clock.dtype, 8) }));
    eachTime(() => {
      const { learningRate, decays } = this;
      checkRange(this.name, 'learningRate', learningRate, 'at least 0');
      this.iterations++;
      this.taken = learningRate;
      for (const { clock, block } of blocks) {
        const { powers } = clock;
        for (let i = 0; i < decays.length; i++) powers[i] = powers[i]! * decays[i]!;
        this.scalars(learningRate, block.array as FloatArray, powers);
      }
    });
    return clocks.map((own) => blocks.find(({ clock }) => clock === own)!.block);
  }

  /** The clock of each parameter: a new one at the first step, and for those of which others of their clock stay behind. */
  private clocksOf(parameters: readonly Tensor[]): readonly Clock[] {
    const groups = new Map<Clock | FloatDType, Tensor[]>();
    for (const p of new Set(parameters)) {
      const key = this.clocks.get(p) ?? (p.dtype as FloatDType);
      groups
        .set(key, groups.get(key) ?? [])
        .get(key)!
        .push(p);
    }
    for (const [key, members] of groups) {
      if (typeof key === 'string') this.begin(members, [...this.decays].fill(1));
      else if (members.length < key.members && this.decays.length > 0) {
        key.members -= members.length;
        this.begin(members, [...key.powers]);
        this.slotsVersion++;
      }
    }
    return parameters.map((p) => this.clocks.get(p)!);
  }

  /** A clock for parameters of one type. */
  private begin(parameters: readonly Tensor[], powers: number[]): void {
    const clock = { dtype: parameters[0]!.dtype as FloatDType, powers, members: parameters.length };
    for (const p of parameters) this.clocks.set(p, clock);
  }

  /** Storages that the optimizer keeps for these weights; those of `parameters` are made here if there are none yet. */
  storages(parameters: readonly Trained[], weights: readonly Trained[]): Storage[] {
    for (const p of parameters) this.slotsOf(tensorOf(p));
    return weights.flatMap((w) => Object.values(this.slots.get(tensorOf(w)) ?? {}).map(({ storage }) => storage));
  }

  /** Before anything is written: a step is made for all parameters or for none. */
  private check(p: Tensor, g: Tensor, weight: Trained): void {
    if (!isFloat(p.dtype) || p.dtype !== g.dtype)
      throw new DTypeError(this.name, [p.dtype, g.dtype], 'a parameter and its gradient must be floats of one type');
    if (!sameShape(p.shape, g.shape))
      throw new ShapeError(this.name, [p.shape, g.shape], 'a parameter and its gradient differ');
    if (p.viewStrides !== null) throw new StateError(this.name, 'a strided view cannot be a parameter');
    if (weight instanceof Parameter) this.checkWeight(weight);
  }

  /** Throws StateError for a weight that this kind of optimizer cannot move. */
  protected checkWeight({ name, isStatistic }: Parameter): void {
    if (isStatistic)
      throw new StateError(this.name, `${name} is a running statistic: model.trainable leaves those out`);
  }

  /** A copy of what must be saved to go on later; slots in the order of `parameters`. */
  state(parameters: readonly Trained[]): OptimizerState {
    checkTrained(this.name, parameters);
    const slots = parameters.map((p) => {
      const own = this.slots.get(tensorOf(p)) ?? {};
      return Object.fromEntries(Object.entries(own).map(([name, t]) => [name, persistent(() => copyOf(t))]));
    });
    const all = parameters.map((p) => this.clocks.get(tensorOf(p))?.powers);
    const shared = all.find((powers) => powers !== undefined) ?? [...this.decays].fill(1);
    const powers = all.map((own) => (own?.some((power, j) => power !== shared[j]) ? [...own] : null));
    const scalars: Record<string, number> = { iterations: this.iterations };
    for (const [j, power] of shared.entries()) scalars[`power${j + 1}`] = power;
    this.checkScalars(scalars); // anybody may have set `iterations`
    return { scalars, slots, ...(powers.some((own) => own !== null) && { powers }) };
  }

  /**
   * Goes on from a state of the same kind of optimizer and parameters. Throws StateError for another, ValueError for scalars
   * that no training leaves, and stays as it was.
   */
  restore(trained: readonly Trained[], state: OptimizerState): void {
    checkTrained(this.name, trained);
    if (!Array.isArray(Object(state).slots))
      throw new ValueError(this.name, 'the state', 'what state(parameters) of an optimizer gave', state);
    const parameters = trained.map(tensorOf);
    if (state.slots.length !== parameters.length) {
      throw new StateError(
        this.name,
        `the state is of ${state.slots.length} parameters, the model has ${parameters.length}`,
      );
    }
    const isSaved = (i: number): boolean => Object.keys(state.slots[i]!).length > 0;
    parameters.forEach(({ size, dtype }, i) => {
      for (const name of isSaved(i) ? this.slotNames() : []) {
        const from = state.slots[i]![name];
        if (from === undefined || from.size !== size || from.dtype !== dtype)
          throw new StateError(this.name, `the state has no fitting ${name} for parameter ${i}`);
      }
      const stray = Object.keys(state.slots[i]!).find((name) => !this.slotNames().includes(name));
      if (stray !== undefined)
        throw new StateError(this.name, `keeps no ${stray}, which the state has for parameter ${i}`);
    });
    this.checkScalars(state.scalars);
    const shared = this.decays.map((_, j) => state.scalars[`power${j + 1}`]!);
    const powersOf = (i: number): readonly number[] => state.powers?.[i] ?? shared;
    parameters.forEach((_, i) => {
      if (powersOf(i).length !== shared.length || !powersOf(i).every((power) => power >= 0 && power <= 1))
        throw new ValueError(this.name, `powers[${i}]`, `${shared.length} numbers between 0 and 1`, powersOf(i));
    });
    this.iterations = state.scalars.iterations!;
    for (const p of parameters) this.slots.delete(p);
    for (const p of parameters) this.clocks.delete(p);
    this.slotsVersion++;
    const clocks = new Map<string, readonly [powers: readonly number[], members: Tensor[]]>();
    parameters.forEach((p, i) => {
      if (!isSaved(i)) return;
      for (const [name, t] of Object.entries(this.slotsOf(p))) t.storage.array.set(state.slots[i]![name]!.data);
      const key = `${p.dtype} ${powersOf(i)}`;
      clocks
        .set(key, clocks.get(key) ?? [powersOf(i), []])
        .get(key)![1]
        .push(p);
    });
    for (const [powers, members] of clocks.values()) this.begin(members, [...powers]);
  }

  /** Counts, and products of numbers of at most 1: all that this kind of optimizer saves, and nothing else. */
  private checkScalars(scalars: OptimizerState['scalars']): void {
    const products = this.decays.map((_, j) => `power${j + 1}`);
    checkCount(this.name, 'scalars.iterations', scalars.iterations!, 0);
    for (const name of products) checkRange(this.name, `scalars.${name}`, scalars[name]!, 'between 0 and 1');
    const stray = Object.keys(scalars).find((name) => name !== 'iterations' && !products.includes(name));
    if (stray !== undefined) throw new StateError(this.name, `keeps no ${stray}, which the state has in its scalars`);
  }

  /** Names of the slots that each parameter needs. */
  protected abstract slotNames(): readonly string[];
  /** Writes the scalars of this step, made in float64, into the block (which rounds them). */
  protected abstract scalars(learningRate: number, block: FloatArray, powers: readonly number[]): void;
  protected abstract update(
    p: Tensor,
    w: FloatArray,
    g: FloatArray,
    slots: Record<string, Tensor>,
    block: FloatArray,
    weight: Trained,
  ): void;
  /** What a slot starts as. */
  protected initialSlot(): number {
    return 0;
  }
  /** What a file needs to make this optimizer again. */
  config(): OptimizerConfig {
    return { name: this.name, ...this.commonConfig(), ...this.own };
  }

  /** What an optimizer does, for one that wraps it. */
  protected static ruleOf(optimizer: Optimizer): OptimizerRule {
    const { options, rate, decays } = optimizer;
    return {
      options: { ...options, learningRate: rate },
      decays,
      slotNames: () => optimizer.slotNames(),
      initialSlot: () => optimizer.initialSlot(),
      scalars: (...given) => optimizer.scalars(...given),
      update: (...given) => optimizer.update(...given),
    };
  }

  private slotsOf(p: Tensor): Record<string, Tensor> {
    let own = this.slots.get(p);
    if (own === undefined) {
      own = persistent(() =>
        Object.fromEntries(this.slotNames().map((name) => [name, full(p.shape, this.initialSlot(), p.dtype)])),
      );
      this.slots.set(p, own);
    }
    return own;
  }

  protected commonConfig(): Record<string, number> {
    const { clipNorm, globalClipNorm, clipValue } = this.options;
    return defined({ learningRate: this.learningRate, clipNorm, globalClipNorm, clipValue }) as Record<string, number>;
  }
}
