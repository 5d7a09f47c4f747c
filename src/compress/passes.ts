import { ValueError } from '../base/errors.ts';
import { withDenseWeights } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { Model } from '../nn/model.ts';
import { storedGraph, toNetworkFor } from '../nn/network.ts';
import { remade } from './clone.ts';

/**
 * The network of a model, or a network with all its numbers, checked: a pass knows no sparse weights. Throws ValueError for
 * anything else.
 */
export const networkOf = (
  op: string,
  subject: Model | Graph<Stored>,
  of?: (model: Model) => Graph<Stored>,
): Graph<Stored> => withDenseWeights(heldNetworkOf(op, subject, of));

/** The same with sparse weights as they are held. `called` is the subject, for errors. */
export function heldNetworkOf(
  op: string,
  subject: Model | Graph<Stored>,
  of: (model: Model) => Graph<Stored> = (model) => toNetworkFor(op, model),
  called = 'the subject',
): Graph<Stored> {
  if (subject instanceof Model) return of(subject);
  if (typeof subject === 'object' && subject !== null) {
    checkForm(op, subject);
    validateNetwork(subject);
    return subject;
  }
  throw new ValueError(op, called, 'a model or a network', subject);
}

/** Applies a pass from network to network to a network, or to a model, which is made again of the result. */
export function passOn(
  op: string,
  subject: Model | Graph<Stored>,
  pass: (graph: Graph<Stored>) => Graph<Stored>,
): Model | Network {
  const result = pass(networkOf(op, subject, storedGraph));
  return subject instanceof Model ? remade(subject, result) : new Network(result);
}
