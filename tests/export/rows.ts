import { type TableEncoder, tableOf } from '../../src/data/index.ts';
import { fromData, predictNetwork, type toNetwork } from '../../src/index.ts';
import type { Exported } from './imported.ts';

/** A module with an encoder. */
export interface Predicting extends Exported {
  readonly predict: (rows: unknown, na?: readonly string[]) => unknown;
  readonly classes: readonly string[];
}

/** What the library says of a row; null where it refuses it. */
export function told(
  encoder: TableEncoder,
  network: ReturnType<typeof toNetwork>,
  row: Readonly<Record<string, unknown>>,
): unknown {
  try {
    const { features } = encoder.transform(tableOf([row]), { target: false });
    const rounded = fromData(Float32Array.from(features.data), features.shape); // of float64, where the table needs it
    const outputs = predictNetwork(network, rounded);
    if (encoder.targetName === undefined) return Float32Array.from(outputs.data);
    const { labels, probabilities, numbers } = encoder.decode(outputs);
    return labels === undefined ? numbers![0] : { label: labels[0], probabilities: [...probabilities!.data] };
  } catch {
    return null;
  }
}
