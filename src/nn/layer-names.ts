import { ValueError } from '../base/errors.ts';
import type { Layer } from './layers.ts';

/** A layer with those that it consists of before it. */
export const withInner = (layer: Layer): Layer[] => [...layer.inner.flatMap(withInner), layer];

/** Names left open become the type, then type_1, type_2, ...; layers inside of others are named behind their names. */
export function nameLayers(op: string, layers: readonly Layer[], prefix: string): void {
  const taken = new Set<string>();
  for (const layer of layers) {
    if (layer.name !== '' && !layer.name.startsWith(prefix)) layer.name = `${prefix}${layer.name}`;
    if (layer.name !== '' && taken.has(layer.name)) throw new ValueError(op, 'layer name', 'unique', layer.name);
    taken.add(layer.name);
  }
  for (const layer of layers) {
    for (let count = 0; layer.name === ''; count++) {
      const name = `${prefix}${layer.type}${count === 0 ? '' : `_${count}`}`;
      if (!taken.has(name)) layer.name = name;
    }
    taken.add(layer.name);
    nameLayers(op, layer.inner, `${layer.name}/`);
  }
}
