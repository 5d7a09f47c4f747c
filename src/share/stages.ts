import { elementsOf } from '../base/shape.ts';
import { aligned } from '../base/text.ts';
import { kernelKeys } from '../compress/masks.ts';
import { nonZero } from '../graph/cost.ts';
import type { Network } from '../graph/network.ts';
import type { FilePart } from '../io/file-parts.ts';
import type { Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';

/** What a stage of Deep Compression left. */
export interface CompressionStage {
  readonly stage: 'dense' | 'prune' | 'retrain' | 'share' | 'centroids' | 'code';
  /** Of the whole file, header included, as it would be written then: float32, palettes of a byte a number, and last what is coded. */
  readonly bytes: number;
  /** The share of the kernels' numbers that is zero, from 0 to 1; 0 of no numbers. */
  readonly sparsity: number;
  /** Bits of the whole file for each of the others; Infinity where none is left. */
  readonly bitsPerWeight: number;
  /** `loss` and metrics, as `evaluate` gives them, of `code` those of what the file gives back; null where there is nothing to judge on. */
  readonly figures: Readonly<Record<string, number>> | null;
}

/** What a model, its network and the file of that are worth, on samples to judge on. */
export function stageOf(
  stage: CompressionStage['stage'],
  model: Model,
  network: Network,
  file: Uint8Array,
  judged: SampleLists | undefined,
): CompressionStage {
  const kernels = kernelKeys(network).map((key) => network.weights.get(key)!);
  const all = kernels.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  const left = kernels.reduce((sum, kernel) => sum + nonZero(kernel), 0);
  return {
    stage,
    bytes: file.length,
    sparsity: all === 0 ? 0 : 1 - left / all,
    bitsPerWeight: (8 * file.length) / left,
    figures: judged === undefined ? null : model.evaluate(...judged),
  };
}

/**
 * A model that went through Deep Compression; `toString()` is a table of its stages and of the parts of its file.
 *
 * @example
 * const done = deepCompression(model, { x, y, validationData: [xTest, yTest], sparsity: 0.8, epochs: 2 });
 * const table = String(done);
 * done.stages.at(-1)?.figures?.accuracy; // 1
 * predictNetwork(done.network, xTest).shape; // [ 200, 2 ]
 */
export class DeepCompressed {
  /** Can be trained further: what is zero and what is one stays so. */
  readonly model: Model;
  /** What the file gives back. */
  readonly network: Network;
  readonly file: Uint8Array<ArrayBuffer>;
  /** What each part of the file costs. */
  readonly parts: readonly FilePart[];
  readonly stages: readonly CompressionStage[];

  constructor({ model, network, file, parts, stages }: Omit<DeepCompressed, 'toString'>) {
    this.model = model;
    this.network = network;
    this.file = file;
    this.parts = parts;
    this.stages = stages;
  }

  toString(): string {
    const names = Object.keys(this.stages[0]?.figures ?? {});
    const rows = this.stages.map(({ stage, bytes, sparsity, bitsPerWeight, figures }) => [
      stage,
      String(bytes),
      `${(100 * sparsity).toFixed(1)} %`,
      bitsPerWeight.toFixed(1),
      ...names.map((name) => figures![name]!.toFixed(4)),
    ]);
    const heads = ['stage', 'bytes', 'zeros', 'bits a weight', ...names];
    const table = aligned([heads, ...rows], [...heads.keys()].slice(1));
    const sums = new Map<string, number>();
    for (const { part, bytes } of this.parts) sums.set(part, (sums.get(part) ?? 0) + bytes);
    const parts = aligned([['part', 'bytes'], ...[...sums].map(([part, bytes]) => [part, String(bytes)])], [1]);
    return [...table, '', ...parts].join('\n');
  }
}
