import { checkRange } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { randomUniform } from './initializers.ts';
import { Layer, type LayerOptions } from './layers.ts';
import type { Lowering } from './lowering.ts';
import { checkRules, type RulesOf, type WeightRules, weightRule } from './rules.ts';
import { copied } from './sample-axes.ts';

/** Embeddings begin by `randomUniform(-0.05, 0.05)` unless the options say another. */
export interface EmbeddingOptions extends LayerOptions, RulesOf<'embeddings'> {}

const EMBEDDING_OPTIONS = 'name inputShape embeddingsInitializer embeddingsRegularizer embeddingsConstraint';

/**
 * A row of a table for each number: samples [...] of whole numbers from 0 to inputDim - 1, as those of words in a vocabulary,
 * become [..., outputDim]. It stands at an input of the model, which then takes whole numbers: arrays of them, an Int32Array or
 * int32 tensors. Throws ValueError for sizes that are no positive integers; the model throws it for a number that names no row,
 * with the number of the sample.
 *
 * @example
 * const chain = new Sequential([new Embedding(1000, 8), new GlobalAvgPool1D(), new Dense(2, { activation: 'softmax' })]);
 * chain.predict([[4, 17, 4]]).shape; // [ 1, 2 ]
 * chain.shapeAfter(0); // [ 3, 8 ]
 * chain.predict([[4, 1000, 4]]); // throws ValueError
 */
export class Embedding extends Layer {
  override readonly type = 'embedding';
  override readonly replayable = true;
  override readonly readsIntegers = true;
  readonly inputDim: number;
  readonly outputDim: number;
  readonly options: EmbeddingOptions;

  constructor(inputDim: number, outputDim: number, options: EmbeddingOptions = {}) {
    if (new.target === Embedding) checkOptions('Embedding', options, EMBEDDING_OPTIONS);
    super(options);
    checkRules(options);
    checkRange('Embedding', 'inputDim', inputDim, 'a positive integer');
    checkRange('Embedding', 'outputDim', outputDim, 'a positive integer');
    this.inputDim = inputDim;
    this.outputDim = outputDim;
    this.options = copied(options);
  }

  override get rules(): WeightRules {
    return this.options;
  }

  override lower(at: Lowering, inputs: readonly string[]): string {
    const input = this.only(inputs);
    const rule = weightRule(this.options, 'embeddings', randomUniform());
    const embeddings = at.weight(this.name, 'embeddings', [this.inputDim, this.outputDim], rule);
    this.weights = [at.weights.get(embeddings)!];
    return at.node('embedding', at.name, [input], {}, { embeddings });
  }

  override clone(): Embedding {
    return new Embedding(this.inputDim, this.outputDim, this.options);
  }
}
