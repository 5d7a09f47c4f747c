import { FormatError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { TableEncoder } from '../data/encoder.ts';
import { Network } from '../graph/network.ts';
import type { FileCoding } from '../io/codes/code.ts';
import { decodeNetwork, encodeNetwork } from '../io/network-file.ts';
import type { Estimator, Transformer } from './estimator.ts';
import { classesIn } from './fields.ts';
import { estimatorFromJSON } from './from-json.ts';
import type { Lowered } from './lower.ts';
import { Pipeline } from './pipeline.ts';

/** What files of networks are called in errors. */
const FORMAT = 'network file';

/**
 * A lowered estimator in one file: that of its network, whatever passes made of it, with the rest as JSON in the metadata `before`,
 * `encoder` and `classes`. The command line predicts with files that have an encoder and nothing `before`.
 *
 * @example
 * const lowered = networkOf(new LogisticRegression().fit(x, y));
 * const file = encodeLowered({ ...lowered, network: quantize(lowered.network, { calibration: x }) });
 * decodeLowered(file).classes; // [ 0, 1 ]
 */
export function encodeLowered(lowered: Lowered, options: { coding?: FileCoding } = {}): Uint8Array<ArrayBuffer> {
  checkOptions('encodeLowered', options, 'coding');
  if (!(Object(lowered).network instanceof Network))
    throw new ValueError('encodeLowered', 'lowered', 'what networkOf returns', lowered);
  const { network, before, encoder, classes } = lowered;
  const metadata = {
    ...(before !== null && { before: JSON.stringify(before) }),
    ...(encoder !== null && { encoder: JSON.stringify(encoder) }),
    ...(encoder === null && classes !== null && { classes: JSON.stringify(classes) }),
  };
  return encodeNetwork(network, { ...options, metadata });
}

/**
 * What `encodeLowered` wrote. Throws FormatError, or another WhittleError, for anything else.
 *
 * @example
 * const classifier = new LogisticRegression().fit([[-1], [1]], ['cold', 'warm']);
 * const { network, classes } = decodeLowered(encodeLowered(networkOf(classifier)));
 * classes; // [ 'cold', 'warm' ]
 * predictNetwork(network, tensor([[0]])); // [[0.5]]
 */
export function decodeLowered(file: Uint8Array): Lowered {
  const { network, metadata } = decodeNetwork(file);
  const part = <T>(key: string, read: (json: unknown) => T): T | null => {
    const text = metadata.get(key);
    return text === undefined ? null : read(parsed(key, text));
  };
  const encoder = part('encoder', TableEncoder.fromJSON);
  return {
    network,
    before: part('before', (json) => transformersOf(estimatorFromJSON(json))),
    encoder,
    classes: encoder?.classNames ?? part('classes', (json) => classesIn(FORMAT, 'classes', json)),
  };
}

function parsed(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(FORMAT, key, 'is no JSON');
  }
}

function transformersOf(before: Estimator): Pipeline<Transformer> {
  if (before instanceof Pipeline && before.kind === 'transformer') return before;
  throw new FormatError(FORMAT, 'before', 'is no pipeline of transformers');
}
