import { FormatError, WhittleError } from '../../base/errors.ts';
import type { Attribute } from '../../graph/attributes.ts';
import { factsOf } from '../../graph/facts.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { JsonObject, type JsonValue, parseJson } from '../../io/json.ts';
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

/** The hint in a file's metadata. What is no such is passed over: it is nothing that a network needs. */
export function readHint(entries: readonly EntryMessage[], key: string): ReadHint {
  const none = { scales: new Map<string, number>(), rules: new Map<string, Rule>(), first: new Set<string>() };
  const text = entries.find((entry) => entry.key === key)?.value;
  if (text === undefined) return none;
  try {
    const hint = parseJson(text, (problem) => new FormatError('onnx', 'metadata', problem), { maxDepth: 3 });
    if (!(hint instanceof JsonObject)) return none;
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
    if (error instanceof WhittleError) return none;
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

/** The network with the rules of its nodes; one that a node does not know is passed over. */
export function withRules<W>(graph: Graph<W>, rules: ReadHint['rules']): Graph<W> {
  const nodes = graph.nodes.map((node): Node => {
    const rule = rules.get(node.name);
    const attributes: Readonly<Record<'rule' | 'dynamic', Attribute<unknown> | undefined>> = {
      rule: undefined,
      dynamic: undefined,
      ...factsOf(node).attributes,
    };
    if (rule === 'dynamic')
      return attributes.dynamic ? ({ ...node, attrs: { ...node.attrs, dynamic: true } } as Node) : node;
    const isKnown = attributes.rule?.read(rule) !== undefined;
    return isKnown ? ({ ...node, attrs: { ...node.attrs, rule } } as Node) : node;
  });
  return { ...graph, nodes };
}
