import type { Digest, Figure, ImageShape } from './types-base.ts';
import type { FormResult } from './types-forms.ts';

/** What is compared beside the forms: networks for images, and criteria of pruning. */

export type LightName =
  | 'plain CNN'
  | 'plain CNN, channel means'
  | 'depthwise-separable'
  | 'MobileNetV2-like'
  | 'ShuffleNetV2-like';

export type LightVariant = 'float32' | 'half the channels' | 'int8';

/** A network for images as it was trained, with half of its channels, or in int8. */
export interface LightResult extends Omit<FormResult, 'name' | 'description'> {
  readonly name: LightName;
  readonly variant: LightVariant;
}

/** Networks for images beside each other, the plain one first. */
export interface Light {
  readonly networks: readonly {
    readonly name: LightName;
    /** What it takes: the table's images, or these at a larger size. */
    readonly image: ImageShape;
    /** How it was trained, as words. */
    readonly training: string;
  }[];
  /** All variants of the first network, then of the second. */
  readonly results: readonly LightResult[];
  /** What was found, in sentences with numbers. */
  readonly findings: readonly string[];
}

export type CriterionName =
  | 'magnitude'
  | 'magnitude, each layer'
  | 'magnitude, panels'
  | 'gradient × weight'
  | 'Wanda'
  | 'movement'
  | 'SNIP'
  | 'random'
  | 'small network';

/** Ways to choose the weights that are pruned beside each other, and what they have to beat. */
export interface Criteria {
  readonly seeds: readonly number[];
  /** Shares of the weights that are zero, ascending. */
  readonly levels: readonly number[];
  /** Score of the network with all its weights. */
  readonly whole: Figure;
  readonly rows: readonly {
    readonly name: CriterionName;
    /** One for each level. */
    readonly scores: readonly Figure[];
  }[];
  /** Of the whole network; then by level those that are not zero, and those of the small network. */
  readonly parameters: number;
  readonly left: readonly number[];
  readonly small: readonly number[];
  /** What was found, in sentences with numbers. */
  readonly findings: readonly string[];
  /** As those of the report, which are many here and so are in `report.json` alone. */
  readonly digests: readonly Digest[];
}
