import type { Data } from '../nn/samples.ts';
import type { FactorForm } from './factor-forms.ts';

export interface FactorizeOptions {
  /** By name, or by index among all layers (of a network: nodes). Default: all that can be; of `rank` by names those named there. */
  readonly layers?: readonly (string | number)[];
  /** Of each layer, or by their names. One of `rank`, `energy` and `ratio` says how narrow layers become. */
  readonly rank?: number | Readonly<Record<string, number>>;
  /** The share of the squared singular values of each layer to keep at least, from 0 to 1: the least rank that does. */
  readonly energy?: number;
  /**
   * The share of the numbers of all these kernels to keep at most, from 0 to 1. Ranks are chosen together: a vector goes where it
   * matters least for the numbers that it costs.
   */
  readonly ratio?: number;
  /** Of convolutions of images. Default `channel`. */
  readonly form?: FactorForm;
  /**
   * Typical inputs [samples, ...inputShape]; a list for several inputs. Vectors are then those along which layers answer to these,
   * which loses less at the same rank, and biases make up for what is lost in the mean. For `channel` alone; transposed
   * convolutions go by their kernels.
   */
  readonly calibration?: Data;
  /** Also where two layers hold more numbers than the one. Default false: such a layer stays as it is. */
  readonly larger?: boolean;
}
