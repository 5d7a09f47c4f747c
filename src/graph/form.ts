import { ValueError } from '../base/errors.ts';
import type { Stored } from './encoding.ts';
import type { Graph } from './graph.ts';

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): boolean => typeof value === 'string';
const areNames = (value: unknown): boolean => Array.isArray(value) && value.every(isName);
const isNullOr = (is: (value: unknown) => boolean) => (value: unknown) => value === null || is(value);

/** What the fields of each part are, whatever else is wrong with them: requirement and test. */
const FORM = {
  network: {
    inputs: ['a list of inputs', (value) => Array.isArray(value) && value.every(isObject)],
    nodes: ['a list of nodes', (value) => Array.isArray(value) && value.every(isObject)],
    outputs: ['a list of names', areNames],
    weights: ['a Map', (value) => value instanceof Map],
  },
  input: { name: ['a string', isName], shape: ['a list of sizes', Array.isArray] },
  node: {
    name: ['a string', isName],
    op: ['a string', isName],
    inputs: ['a list of names', areNames],
    weights: [
      'keys by role',
      (value) => isObject(value) && !(value instanceof Map) && areNames(Object.values(value as object)),
    ],
    attrs: ['an object', isObject],
    format: ['null, or a scale and a zero point', isNullOr(isObject)],
  },
  weight: {
    shape: ['a list of sizes', Array.isArray],
    encoding: ['an object', isObject],
    mask: ['null or a Uint8Array', isNullOr((value) => value instanceof Uint8Array)],
  },
} satisfies Record<string, Record<string, readonly [wanted: string, is: (value: unknown) => boolean]>>;

/**
 * Throws ValueError, which names the field, for what is no network in form: types do not keep a caller in JavaScript from
 * leaving out a field. Whether the parts fit together is what `validateNetwork` asks.
 */
export function checkForm(op: string, graph: unknown): asserts graph is Graph<Stored> {
  const check = (part: keyof typeof FORM, called: string, value: unknown): void => {
    if (!isObject(value)) throw new ValueError(op, called, 'an object', value);
    for (const [field, [wanted, is]] of Object.entries(FORM[part] as Record<string, [string, (v: unknown) => boolean]>))
      if (!is((value as Fields)[field]))
        throw new ValueError(op, `${called} ${field}`, wanted, (value as Fields)[field]);
  };
  const isFile = graph instanceof Uint8Array || graph instanceof ArrayBuffer;
  if (isFile) throw new ValueError(op, 'the network', 'a network: give decodeNetwork(file).network', 'bytes');
  if (isObject(graph) && isObject((graph as Fields).network) && (graph as Fields).nodes === undefined)
    throw new ValueError(
      op,
      'the network',
      'a network: give the field network of what was read',
      'an object around it',
    );
  if (!isObject(graph) || (graph as Fields).nodes === undefined)
    throw new ValueError(op, 'the network', 'a network, as toNetwork(model) makes one', graph);
  check('network', 'the network:', graph);
  const { inputs, nodes, weights } = graph as Graph<unknown>;
  for (const [i, input] of inputs.entries()) check('input', `inputs[${i}]`, input);
  for (const [i, node] of nodes.entries()) check('node', `nodes[${i}]`, node);
  for (const [key, weight] of weights) check('weight', `weight ${String(key).slice(0, 60)}`, weight);
}
