import { FormatError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { SafeTensor } from '../io/safetensors.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { isTrained } from './layer-graph.ts';
import type { Model } from './model.ts';
import type { OptimizerState } from './optimizer.ts';
import type { Parameter } from './parameter.ts';
import { holdWeights, putBack } from './resume.ts';

/** What a model file holds of an optimizer for each weight that it moves: slots `optimizer/<layer>/<role>/<slot>`. */
type Slots = Record<string, Tensor>;

/** Puts the slots of the optimizer among the tensors; returns its scalars, and where weights differ the powers of each. */
export function putState(
  { optimizer }: Model,
  nodes: readonly Node[],
  graph: Graph<Parameter>,
  to: Map<string, SafeTensor>,
): Pick<OptimizerState, 'scalars'> & { powers?: Record<string, readonly number[] | null | undefined> } {
  const roles = nodes
    .flatMap(({ name, weights }) =>
      Object.entries(weights).map(([role, key]) => [`${name}/${role}`, graph.weights.get(key)!] as const),
    )
    .filter(([, weight]) => isTrained(weight));
  const { scalars, slots, powers } = optimizer.state(roles.map(([, weight]) => weight));
  roles.forEach(([name], i) => {
    for (const [slot, { dtype, shape, data }] of Object.entries(slots[i]!)) {
      const kind = dtype === 'float64' ? 'F64' : 'F32';
      to.set(`optimizer/${name}/${slot}`, { dtype: kind, shape, data: data as Float32Array | Float64Array });
    }
  });
  if (powers === undefined) return { scalars };
  return { scalars, powers: Object.fromEntries(roles.flatMap(([name], i) => (powers[i] ? [[name, powers[i]]] : []))) };
}

/** The optimizer's tensors for a weight: by its name, or by its number in files of version 1. */
export function takeSlots({ shape }: Parameter, key: string | number, tensors: Map<string, SafeTensor>): Slots {
  const own: Slots = Object.create(null);
  const prefix = `optimizer/${key}/`;
  for (const [name, { shape: held, data }] of [...tensors]) {
    if (!name.startsWith(prefix) || name.includes('/', prefix.length)) continue;
    if (!sameShape(held, shape) || (!(data instanceof Float32Array) && !(data instanceof Float64Array))) {
      throw new FormatError('model file', name.slice(0, 60), 'does not fit its parameter');
    }
    own[name.slice(prefix.length)] = fromData(data, held);
    tensors.delete(name);
  }
  return own;
}

/** Holds the weights of a model with their masks, which may be others later. What it returns puts both back. */
export function heldWeights(model: Model): () => void {
  const held = holdWeights(model);
  return () => putBack(model, held);
}
