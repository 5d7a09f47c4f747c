import { FormatError, WhittleError } from '../../base/errors.ts';
import type { Attribute } from '../../graph/attributes.ts';
import { factsOf } from '../../graph/facts.ts';
import type { Graph, Node, NodeOf, Op } from '../../graph/graph.ts';
import { JsonObject, type JsonValue, parseJson } from '../../io/json.ts';
import { HINT_KEY } from './hint.ts';
import type { EntryMessage } from './messages.ts';

/** What a file of our own says besides ONNX: exact scales of values, and rules of nodes. */
export interface ReadHint {
  readonly scales: ReadonlyMap<string, number>;
  readonly rules: ReadonlyMap<string, Rule>;
  /** Inputs with their channels first. */
  readonly first: ReadonlySet<string>;
}
type Rule = 'multiplier' | 'xnnpack' | 'dynamic';

const RULES: readonly Rule[] = ['multiplier', 'xnnpack', 'dynamic'];

/** What a file without a hint says. */
export const NO_HINT: ReadHint = { scales: new Map(), rules: new Map(), first: new Set() };

/** The hint in a file's metadata. What is no such is passed over: it is nothing that a network needs. */
export function readHint(entries: readonly EntryMessage[]): ReadHint {
  const text = entries.find((entry) => entry.key === HINT_KEY)?.value;
  if (text === undefined) return NO_HINT;
  try {
    const hint = parseJson(text, (problem) => new FormatError('onnx', 'metadata', problem), { maxDepth: 3 });
    if (!(hint instanceof JsonObject)) return NO_HINT;
    const isScale = (value: JsonValue): value is number => typeof value === 'number' && value > 0;
    const isRule = (value: JsonValue): value is Rule => RULES.includes(value as Rule);
    const names = hint.get('first');
    const first = Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
    return {
      scales: pairs(hint.get('scales'), isScale),
      rules: pairs(hint.get('rules'), isRule),
      first: new Set(first),
    };
  } catch (error) {
    if (error instanceof WhittleError) return NO_HINT;
    throw error;
  }
}

function pairs<T>(list: JsonValue | undefined, holds: (value: JsonValue) => value is T & JsonValue): Map<string, T> {
  const found = new Map<string, T>();
  if (!Array.isArray(list)) return found;
  for (const pair of list) {
    if (!Array.isArray(pair) || pair.length !== 2) continue;
    const [name, value] = pair as [JsonValue, JsonValue];
    if (typeof name === 'string' && holds(value)) found.set(name, value);
  }
  return found;
}

/** The network with the rules of its nodes; one that a node does not know, or that its formats do not allow, is passed over. */
export function withRules<W>(graph: Graph<W>, rules: ReadHint['rules']): Graph<W> {
  const formats = new Map(graph.nodes.map(({ name, format }) => [name, format]));
  const ruled = <K extends Op>(node: NodeOf<K>): NodeOf<K> => {
    const rule = rules.get(node.name);
    const facts = factsOf(node);
    const attributes: Readonly<Record<string, Attribute<unknown>>> = facts.attributes;
    const [field, value] = rule === 'dynamic' ? (['dynamic', true] as const) : (['rule', rule] as const);
    if (!Object.hasOwn(attributes, field) || attributes[field]!.read(value) === undefined) return node;
    const attrs = { ...node.attrs, [field]: value };
    const inputs = node.inputs.map((name) => formats.get(name) ?? null);
    return facts.formats(inputs, node.format, attrs) === null ? { ...node, attrs } : node;
  };
  return { ...graph, nodes: graph.nodes.map((node) => ruled(node as NodeOf<Op>) as Node) };
}
