import { StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { MODEL_OPTIONS, type SequentialOptions } from './layer-graph.ts';
import { calledOf } from './layer-names.ts';
import { Layer } from './layers.ts';
import { Model } from './model.ts';
import { SymbolicTensor } from './symbolic.ts';

/**
 * A model of layers one after another. The first says the shape of samples, or the first samples do.
 *
 * @example
 * const chain = new Sequential([new Dense(8, { activation: 'relu' }), new Dense(2, { activation: 'softmax' })], { seed: 1 });
 * chain.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
 * chain.fit(x, y, { epochs: 5, validationSplit: 0.2 });
 */
export class Sequential extends Model {
  constructor(layers: readonly Layer[], options: SequentialOptions = {}) {
    if (!Array.isArray(layers))
      throw new ValueError('Sequential', 'layers', 'a list of layers: new Sequential([layer, layer])', layers);
    if (new.target === Sequential) checkOptions('Sequential', options, MODEL_OPTIONS);
    const [first] = layers as readonly Layer[];
    if (first === undefined) throw new StateError('Sequential', 'needs at least one layer');
    const other = layers.findIndex((layer) => !(layer instanceof Layer));
    if (other >= 0) throw new ValueError('Sequential', `layers[${other}]`, 'a layer (a model is none)', layers[other]);
    const twice = layers.find((layer, i) => layers.indexOf(layer) !== i);
    if (twice !== undefined)
      throw new StateError(
        'Sequential',
        `${calledOf(twice)} is given twice: with x = input([...]), new Model(x, c.apply(c.apply(x))) shares the weights of c, and clone() makes a layer with its own`,
      );
    const x = new SymbolicTensor(null, [], first.inputShape);
    super(
      x,
      layers.reduce((value, layer) => layer.apply(value), x),
      options,
      'Sequential',
    );
  }
}
