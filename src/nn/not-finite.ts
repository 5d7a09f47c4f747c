import type { Tensor } from '../tensor/tensor.ts';
import type { LayerGraph } from './layer-graph.ts';
import type { Lists } from './samples.ts';

const isBad = (value: number): boolean => !Number.isFinite(value);

/** Says once in a fit that the loss of a batch is not finite, where, and what else is not. */
export class LossWatch {
  private readonly model: LayerGraph & { readonly stopTraining: boolean };
  /** Those that batches are of. */
  samples: Lists;
  private readonly weights: Tensor | null;
  private hasWarned = false;

  constructor(model: LayerGraph & { readonly stopTraining: boolean }, samples: Lists, weights: Tensor | null) {
    this.model = model;
    this.samples = samples;
    this.weights = weights;
  }

  /** After a step on `samples`, and the callbacks of its batch. */
  warn(loss: number, epoch: number, batch: number, samples: Iterable<number>): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    const cause = this.cause([...samples]) ?? 'outputs or loss are too large';
    const end = this.model.stopTraining ? 'Training stops' : 'new TerminateOnNaN() among the callbacks stops training';
    console.warn(`fit: the loss is ${loss} in epoch ${epoch + 1}, batch ${batch + 1}: ${cause}. ${end} there`);
  }

  /** What is not finite before a step on these samples; undefined where all is. */
  cause(samples: readonly number[]): string | undefined {
    return this.badSample(samples) ?? this.badLayer();
  }

  /** The first sample of weight that holds such a number. */
  private badSample(samples: readonly number[]): string | undefined {
    const { xs, ys } = this.samples;
    for (const t of [...xs, ...ys]) {
      const { data, size, shape } = t;
      const width = size / shape[0]!;
      const hasBad = (i: number): boolean => data.subarray(i * width, (i + 1) * width).some(isBad);
      const sample = samples.find((i) => this.weights?.data[i] !== 0 && hasBad(i));
      if (sample !== undefined)
        return `the ${xs.includes(t) ? 'inputs' : 'targets'} of sample ${sample} are not finite`;
    }
    return undefined;
  }

  private badLayer(): string | undefined {
    const layer = this.model.layers.find(({ weights }) => weights.some(({ value }) => value.data.some(isBad)));
    return layer && `the first weights that are not finite are those of ${layer.name}`;
  }
}
