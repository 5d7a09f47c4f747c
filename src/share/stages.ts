import { aligned } from '../compress/explain.ts';
import type { Network } from '../graph/network.ts';
import type { FilePart } from '../io/file-parts.ts';
import type { Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';

/** What a stage of Deep Compression left. */
export interface CompressionStage {
  readonly stage: 'dense' | 'prune' | 'retrain' | 'share' | 'centroids' | 'code';
  /** Of the whole file, as it would be written then. */
  readonly bytes: number;
  /** The share of the kernels' numbers that is zero. */
  readonly sparsity: number;
  /** Bits of the file for each of the others. */
  readonly bitsPerWeight: number;
  /** `loss` and metrics, as `evaluate` gives them; null where there is nothing to judge on. */
  readonly figures: Readonly<Record<string, number>> | null;
}

export function stageOf(
  stage: CompressionStage['stage'],
  model: Model,
  file: Uint8Array,
  judged: SampleLists | undefined,
): CompressionStage {
  let all = 0;
  let left = 0;
  for (const { name, value } of model.weights) {
    if (!name.endsWith('/kernel')) continue;
    all += value.size;
    for (const w of value.data) if (w !== 0) left++;
  }
  return {
    stage,
    bytes: file.length,
    sparsity: all === 0 ? 0 : 1 - left / all,
    bitsPerWeight: (8 * file.length) / left,
    figures: judged === undefined ? null : model.evaluate(...judged),
  };
}

/** A model that went through Deep Compression; `toString()` is a table of its stages and of the parts of its file. */
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
    const table = aligned([['stage', 'bytes', 'zeros', 'bits a weight', ...names], ...rows]);
    const sums = new Map<string, number>();
    for (const { part, bytes } of this.parts) sums.set(part, (sums.get(part) ?? 0) + bytes);
    const parts = aligned([['part', 'bytes'], ...[...sums].map(([part, bytes]) => [part, String(bytes)])]);
    return [...table, '', ...parts].join('\n');
  }
}
