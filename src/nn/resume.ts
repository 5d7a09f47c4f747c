import { FormatError, StateError, ValueError, WhittleError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import { type Fields, restOf } from '../io/fields.ts';
import type { SafeDType, SafeTensor } from '../io/safetensors.ts';
import type { DType } from '../memory/dtype.ts';
import { fromData, keep, type Tensor } from '../tensor/tensor.ts';
import type { LayerGraph } from './layer-graph.ts';

/** What a callback needs to go on where it was, in another process too. */
export interface CallbackState {
  /** What it is the state of, such as `EarlyStopping`. */
  readonly kind: string;
  /** Finite numbers, flags, texts and lists of numbers; what is undefined is not there. */
  readonly values: Readonly<Record<string, number | boolean | string | readonly number[] | undefined>>;
  readonly tensors?: Readonly<Record<string, Tensor>>;
}

/** A callback that can go on: `saveModel` and `loadModel` ask for these methods. */
export interface Resumable {
  /** A copy of what it knows. */
  state(): CallbackState;
  /**
   * Goes on from a state in the next fit of `model`, which then does not begin anew. Throws a WhittleError for a state that
   * cannot be its own, and stays as it was.
   */
  restore(state: CallbackState, model: LayerGraph): void;
}

/** Those of the callbacks that can go on. */
function resumables(op: string, callbacks: readonly object[]): Resumable[] {
  if (!Array.isArray(callbacks)) throw new ValueError(op, 'callbacks', 'a list of callbacks', callbacks);
  return (callbacks as readonly object[]).filter((each): each is Resumable => {
    const { state, restore } = Object(each) as Partial<Resumable>;
    return typeof state === 'function' && typeof restore === 'function';
  });
}

/** The values of a state that is of this kind and has no other fields than `names`. Throws StateError for any other. */
export function valuesIn(op: string, { kind, values }: CallbackState, names: string): CallbackState['values'] {
  if (kind !== op) throw new StateError(op, `the state is one of ${String(kind).slice(0, 60)}`);
  const stray = Object.keys(values).find((name) => !names.split(' ').includes(name));
  if (stray !== undefined) throw new StateError(op, `keeps no ${stray.slice(0, 60)}, which the state has`);
  return values;
}

const DTYPES: Readonly<Record<DType, SafeDType>> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

const KEY = 'callbacks';

/** Records of the states of callbacks for a file, whose tensors go among its own as `callbacks/<number>/<name>`. */
export function putStates(op: string, callbacks: readonly object[], to: Map<string, SafeTensor>): object[] {
  return resumables(op, callbacks).map((callback, i) => {
    const { kind, values, tensors = {} } = callback.state();
    for (const [name, { dtype, shape, data }] of Object.entries(tensors))
      to.set(`${KEY}/${i}/${name}`, { dtype: DTYPES[dtype], shape, data: data.slice() });
    return { kind, values };
  });
}

/** The states in a file, with their tensors, which are taken out of the others. */
export function takeStates(root: Fields, tensors: Map<string, SafeTensor>): CallbackState[] {
  if (!root.has(KEY)) return [];
  return root.objects(KEY).map((fields, i) => {
    const kind = fields.text('kind');
    const values = restOf(fields.inner('values'));
    fields.done();
    const own: Record<string, Tensor> = Object.create(null);
    const prefix = `${KEY}/${i}/`;
    for (const [name, held] of [...tensors]) {
      if (!name.startsWith(prefix)) continue;
      own[name.slice(prefix.length)] = tensorIn(name, held);
      tensors.delete(name);
    }
    return { kind, values, tensors: own };
  });
}

function tensorIn(name: string, { dtype, shape, data }: SafeTensor): Tensor {
  const [own] = Object.entries(DTYPES).find(([, code]) => code === dtype) ?? [];
  const isBool = dtype === 'BOOL';
  if (own === undefined || (isBool && (data as Uint8Array).some((byte) => byte > 1)))
    throw new FormatError('model file', name.slice(0, 60), isBool ? 'must be 0 or 1' : `${dtype} holds no state`);
  return fromData(data as Float32Array, shape, own as DType);
}

/**
 * Hands each callback that can go on its state, in order. Throws StateError where there are more or
 * fewer, FormatError for what cannot be the state of one: those before it have theirs then.
 */
export function restoreStates(
  op: string,
  callbacks: readonly object[],
  states: readonly CallbackState[],
  model: LayerGraph,
): void {
  const own = resumables(op, callbacks);
  if (own.length !== states.length)
    throw new StateError(
      op,
      `the file has states of ${states.length} callbacks, and ${own.length} of those given can go on`,
    );
  own.forEach((callback, i) => {
    try {
      callback.restore(states[i]!, model);
    } catch (error) {
      if (!(error instanceof WhittleError)) throw error;
      throw new FormatError('model file', `${KEY}[${i}]`, error.message);
    }
  });
}

/** Copies of the weights of a model by name, with their masks, which may be others later. */
export type HeldWeights = ReadonlyMap<string, { readonly value: Tensor; readonly mask: Tensor | null }>;

export const holdWeights = ({ weights }: LayerGraph): HeldWeights =>
  new Map(weights.map(({ name, value, mask }) => [name, { value: keep(value), mask: mask && keep(mask) }]));

/** Makes weights and masks what they were. */
export function putBack(model: LayerGraph, held: HeldWeights): void {
  for (const weight of model.weights) weight.mask = held.get(weight.name)!.mask;
  model.setWeights(model.weights.map(({ name }) => held.get(name)!.value));
}

/** As tensors of a state: `values/<weight>`, and `masks/<weight>` of those that are pruned. */
export function heldTensors(held: HeldWeights): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { value, mask }] of held) {
    tensors[`values/${name}`] = keep(value);
    if (mask !== null) tensors[`masks/${name}`] = keep(mask);
  }
  return tensors;
}

/** The weights in a state. Throws for those that are not of this model. */
export function heldIn(op: string, { weights }: LayerGraph, tensors: Readonly<Record<string, Tensor>>): HeldWeights {
  const known = new Set<string>();
  const held: HeldWeights = new Map(
    weights.map((weight) => {
      const { name, shape } = weight;
      const value = tensors[`values/${name}`];
      const mask = tensors[`masks/${name}`] ?? null;
      if (value === undefined) throw new StateError(op, `the state has no values of ${name}`);
      weight.checkFits(op, value);
      if (mask !== null && (mask.dtype !== 'bool' || !sameShape(mask.shape, shape)))
        throw new StateError(op, `the mask of ${name} in the state does not fit`);
      known.add(`values/${name}`).add(`masks/${name}`);
      return [name, { value: keep(value), mask: mask && keep(mask) }];
    }),
  );
  const stray = Object.keys(tensors).find((name) => !known.has(name));
  if (stray !== undefined) throw new StateError(op, `the model has no weight for ${stray.slice(0, 60)} of the state`);
  return held;
}
