import type { Graph, IntegerRule } from '../../graph/graph.ts';
import { dynamicOf } from '../../graph/validate.ts';
import type { EntryMessage } from './messages.ts';

/** The key of the metadata in which a file says what ONNX has no words for. */
export const HINT_KEY = 'whittle';

/**
 * What a network is besides what its file says, as JSON; lists of pairs, since names are anything. `scales` are those of values
 * that float32, which the file has, does not hold: [value, scale]. `rules` are those of nodes: [node, 'multiplier', 'xnnpack' or 'dynamic'].
 * `first` are the inputs that the file has with their channels first, where operators alone do not always tell.
 */
export interface Hint {
  readonly scales?: readonly (readonly [value: string, scale: number])[];
  readonly rules?: readonly (readonly [node: string, rule: 'multiplier' | 'xnnpack' | 'dynamic'])[];
  readonly first?: readonly string[];
}

/** The entry of a network, some of whose inputs have their channels first in the file; null where the file says it all. */
export function hintOf({ nodes }: Pick<Graph<unknown>, 'nodes'>, first: readonly string[]): EntryMessage | null {
  const scales = nodes.flatMap(({ name, format }) =>
    format === null || Math.fround(format.scale) === format.scale ? [] : [[name, format.scale] as const],
  );
  const rules = nodes.flatMap(({ name, attrs }) => {
    const rule = (attrs as IntegerRule).rule ?? (dynamicOf({ attrs }) ? 'dynamic' : null);
    return rule === null ? [] : [[name, rule] as const];
  });
  if (scales.length === 0 && rules.length === 0 && first.length === 0) return null;
  const hint: Hint = {
    ...(scales.length > 0 && { scales }),
    ...(rules.length > 0 && { rules }),
    ...(first.length > 0 && { first }),
  };
  return { key: HINT_KEY, value: JSON.stringify(hint) };
}
