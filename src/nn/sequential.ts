import { StateError } from '../base/errors.ts';
import type { SequentialOptions } from './layer-graph.ts';
import type { Layer } from './layers.ts';
import { Model } from './model.ts';
import { SymbolicTensor } from './symbolic.ts';

/** A model of layers one after another. The first says the shape of samples, or the first samples do. */
export class Sequential extends Model {
  constructor(layers: readonly Layer[], options: SequentialOptions = {}) {
    const [first] = layers;
    if (first === undefined) throw new StateError('Sequential', 'needs at least one layer');
    if (new Set(layers).size !== layers.length) throw new StateError('Sequential', 'one layer is given twice');
    const x = new SymbolicTensor(null, [], first.inputShape);
    super(
      x,
      layers.reduce((value, layer) => layer.apply(value), x),
      options,
      'Sequential',
    );
  }
}
