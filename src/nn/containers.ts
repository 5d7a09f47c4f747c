import { StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { LAYER_OPTIONS, Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';

/**
 * The sum of several values of one shape: `new Add().apply([x, y])`.
 *
 * @example
 * const [a, b] = [input([2]), input([2])];
 * const sums = new Model([a, b], new Add().apply([a, b]));
 * sums.predict([tensor([[1, 2]]), tensor([[10, 20]])]); // [[11. 22.]]
 */
export class Add extends Layer {
  override readonly type = 'add';
  override readonly replayable = true;
  readonly options: LayerOptions;

  constructor(options: LayerOptions = {}) {
    if (new.target === Add) checkOptions('Add', options, LAYER_OPTIONS);
    super(options);
    this.options = { ...options };
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    return at.node('add', at.name, inputs, {});
  }

  override clone(): Add {
    return new Add(this.options);
  }
}

/**
 * The part of the last axis from `from` to before `to`.
 *
 * @example
 * new Sequential([new Part(1, 3)]).predict([[1, 2, 3, 4]]); // [[2. 3.]]
 */
export class Part extends Layer {
  override readonly type = 'part';
  override readonly replayable = true;
  readonly from: number;
  readonly to: number;
  readonly options: LayerOptions;

  constructor(from: number, to: number, options: LayerOptions = {}) {
    if (new.target === Part) checkOptions('Part', options, LAYER_OPTIONS);
    super(options);
    this.from = from;
    this.to = to;
    this.options = { ...options };
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    return at.node('split', at.name, [this.only(inputs)], { from: this.from, to: this.to });
  }

  override clone(): Part {
    return new Part(this.from, this.to, this.options);
  }
}

/** A layer that consists of others, one after another in each branch. */
abstract class Container extends Layer {
  override readonly replayable = true;
  override readonly readsIntegers: boolean;
  readonly branches: readonly (readonly Layer[])[];
  readonly options: LayerOptions;

  constructor(op: string, form: string, branches: readonly (readonly Layer[])[], options: LayerOptions) {
    const ours: readonly unknown[] = [Residual, Concat, Split];
    if (ours.includes(new.target)) checkOptions(op, options, LAYER_OPTIONS);
    super(options);
    const isBranch = (layers: unknown): boolean =>
      Array.isArray(layers) && layers.every((layer) => layer instanceof Layer);
    if (!Array.isArray(branches) || !branches.every(isBranch)) throw new StateError(op, `needs ${form}`);
    this.branches = branches.map((layers) => [...layers]);
    this.readsIntegers = this.branches.some(([first]) => first?.readsIntegers === true);
    this.options = { ...options };
  }

  override get inner(): readonly Layer[] {
    return this.branches.flat();
  }

  /** The value after the layers of a branch. */
  protected through(at: Lowering, branch: number, input: string): string {
    return this.branches[branch]!.reduce((value, layer) => at.apply(layer, [value]), input);
  }

  protected clonedBranches(): Layer[][] {
    return this.branches.map((layers) =>
      layers.map((layer) => {
        const made = layer.clone();
        made.name = layer.name;
        made.trainable = layer.trainable;
        return made;
      }),
    );
  }
}

/**
 * x + f(x), where f is these layers one after another (He et al. 2016): their last gives the shape of x.
 *
 * @example
 * const block = new Residual([new Dense(2, { kernelInitializer: 'ones' })]);
 * new Sequential([block]).predict([[1, 2]]); // [[4. 5.]]
 */
export class Residual extends Container {
  override readonly type = 'residual';

  constructor(layers: readonly Layer[], options: LayerOptions = {}) {
    super('Residual', 'a list of layers: new Residual([layer, layer])', [layers], options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const own = at.name;
    return at.node('add', own, [input, this.through(at, 0, input)], {});
  }

  override clone(): Residual {
    return new Residual(this.clonedBranches()[0]!, this.options);
  }
}

/**
 * Values side by side along the last axis: what the branches give for one value, each a list of layers, or without branches
 * several values: `new Concat().apply([x, y])`.
 *
 * @example
 * const wide = new Concat([[new Conv2D(4, 1)], [new Conv2D(8, 3, { padding: 'same' })]]);
 * new Sequential([wide]).predict(images).shape; // [ 40, 8, 8, 12 ]
 */
export class Concat extends Container {
  override readonly type = 'concat';

  constructor(branches: readonly (readonly Layer[])[] = [], options: LayerOptions = {}) {
    super('Concat', 'a list of layers for each branch: new Concat([[layer, layer], [layer]])', branches, options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const own = at.name;
    if (this.branches.length === 0) return at.node('concat', own, inputs, {});
    const input = this.only(inputs);
    return at.node(
      'concat',
      own,
      this.branches.map((_, i) => this.through(at, i, input)),
      {},
    );
  }

  override clone(): Concat {
    return new Concat(this.clonedBranches(), this.options);
  }
}

/**
 * Parts of the last axis, equal ones, each through a branch of its own, and side by side again (Ma et al. 2018).
 *
 * @example
 * const half = new Split([[], [new Activation('relu')]]);
 * new Sequential([half]).predict([[-1, 2, -3, 4]]); // [[-1. 2. 0. 4.]]
 */
export class Split extends Container {
  override readonly type = 'split';

  constructor(branches: readonly (readonly Layer[])[], options: LayerOptions = {}) {
    super('Split', 'a list of layers for each part: new Split([[layer, layer], []])', branches, options);
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const own = at.name;
    const n = this.branches.length;
    const size = at.shapeOf(input).at(-1) ?? 0;
    if (n === 0 || size % n !== 0)
      throw new StateError('Split', `layer ${this.name} cannot part ${size} channels into ${n} equal parts`);
    const parts = this.branches.map((_, i) => {
      const bounds = { from: (i * size) / n, to: ((i + 1) * size) / n };
      return this.through(at, i, at.node('split', at.take(`${own}/part${i}`), [input], bounds));
    });
    return at.node('concat', own, parts, {});
  }

  override clone(): Split {
    return new Split(this.clonedBranches(), this.options);
  }
}
