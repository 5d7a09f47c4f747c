import { StateError, ValueError } from '../base/errors.ts';
import type { Layer } from './layers.ts';

/** A layer with those that it consists of before it. */
export const withInner = (layer: Layer): Layer[] => [...layer.inner.flatMap(withInner), layer];

/**
 * The name of each layer: names left open become the type, then type_1, type_2, ...; layers inside of others are named
 * behind their names. Throws ValueError where two would have one name.
 */
function namesOfLayers(op: string, layers: readonly Layer[]): ReadonlyMap<Layer, string> {
  const names = new Map<Layer, string>();
  const taken = new Set<string>();
  const name = (siblings: readonly Layer[], prefix: string): void => {
    const given = (layer: Layer): string => (layer.name.startsWith(prefix) ? layer.name : `${prefix}${layer.name}`);
    const set = (layer: Layer, own: string): void => {
      if (taken.has(own)) throw new ValueError(op, 'layer name', 'unique', own);
      taken.add(own);
      names.set(layer, own);
    };
    for (const layer of siblings) if (layer.name !== '') set(layer, given(layer));
    for (const layer of siblings) {
      for (let count = 0; !names.has(layer); count++) {
        const own = `${prefix}${layer.type}${count === 0 ? '' : `_${count}`}`;
        if (!taken.has(own)) set(layer, own);
      }
      name(layer.inner, `${names.get(layer)!}/`);
    }
  };
  name(layers, '');
  return names;
}

/** As errors call a layer that may not have its name yet. */
export const calledOf = ({ name, type }: Layer): string => `layer ${name === '' ? type : name}`;

/** Layers that a model has named: under another name they would be lost to it. */
const NAMED = new WeakSet<Layer>();

/** Throws StateError for a layer of another model: one with weights, or one that `isTaken`. */
export function checkFree(
  op: string,
  layers: readonly Layer[],
  isTaken: (layer: Layer) => boolean = () => false,
): void {
  const owned = layers.find((layer) => layer.weights.length > 0 || isTaken(layer));
  if (owned === undefined) return;
  const remedy = 'clone() it, or give one model all outputs that are wanted';
  throw new StateError(op, `${calledOf(owned)} already belongs to a model: ${remedy}`);
}

/** Gives the layers of a model their names. Throws StateError where one belongs to another model, under another name. */
export function nameLayers(op: string, top: readonly Layer[], all: readonly Layer[]): void {
  const names = namesOfLayers(op, top);
  checkFree(op, all, (layer) => NAMED.has(layer) && layer.name !== names.get(layer));
  for (const [layer, name] of names) {
    layer.name = name;
    NAMED.add(layer);
  }
}
