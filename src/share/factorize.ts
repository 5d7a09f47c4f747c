import { checkFlag, checkOneOf, checkRange, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { remade } from '../compress/clone.ts';
import { networkOf } from '../compress/passes.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { Names, namesOf } from '../graph/rewrite.ts';
import { Model } from '../nn/model.ts';
import { storedGraph } from '../nn/network.ts';
import { type FactorForm, formOf, type Part } from './factor-forms.ts';
import type { FactorizeOptions } from './factor-options.ts';
import { factorsOf } from './low-rank.ts';
import { type LowRankLayer, type Planned, plan } from './ranks.ts';

const OP = 'factorize';

/**
 * Takes kernels apart into products of two narrower ones, by their singular value decomposition: a layer becomes `<layer>/in`, linear
 * and without bias, and a layer of its own name with its bias, activation and regularizers.
 * - Dense: inputs to r, and r to units.
 * - Convolutions of one group: `channel` or `spatial` as `form` says (Denton et al. 2014, arXiv 1404.0736). The first goes as the
 *   whole did, with its strides, dilations and padding; of `spatial` each along its own axis.
 * - Transposed convolutions of images: 1×1 to r channels, then the window.
 *
 * r·(rows + columns) numbers stand for rows·columns of the kernel as a matrix. At full rank, with `larger`, the result computes the
 * same but for rounding. Kernels that nodes share are taken apart once and stay shared. Both parts can be trained. The given model
 * or network is unchanged.
 *
 * A layer stays where its factors would not hold fewer numbers. So does one of several groups, each of which would need factors of
 * its own; a pruned one, whose zeros a product does not keep; one whose kernel is held by a constraint, or is not of real numbers.
 * `factorizableLayers` says which and why. Throws StateError where a layer that is named cannot be taken apart, where none becomes
 * smaller, and where rank 1 is more than `ratio` allows.
 *
 * @example
 * const wide = new Sequential([new Dense(64, { inputShape: [64] }), new Dense(2)], { seed: 1 });
 * const narrow = factorize(wide, { rank: { dense: 8 } });
 * narrow.layers.map(({ name }) => name); // [ 'dense/in', 'dense', 'dense_1' ]
 * [wide, narrow].map((each) => measure(each, { latency: false }).parameters); // [ 4290, 1218 ]
 */
export function factorize(model: Model, options: FactorizeOptions): Model;
export function factorize(network: Graph<Stored>, options: FactorizeOptions): Network;
export function factorize(subject: Model | Graph<Stored>, options: FactorizeOptions): Model | Network {
  const [graph, layers] = planned(OP, subject, options);
  const chosen = new Map(layers.flatMap((layer) => (layer.factors === null ? [] : [[layer.key, layer]])));
  if (chosen.size === 0) {
    const whys = layers.map(({ name, why }) => `${name}: ${why}`);
    const list = [...whys.slice(0, 8), ...(whys.length > 8 ? ['...'] : [])].join('; ') || 'there is none with a kernel';
    throw new StateError(OP, `no layer becomes smaller (${list})`);
  }
  const [network, parts] = withFactors(graph, chosen, options.form ?? 'channel');
  return subject instanceof Model ? remade(subject, network, { parts }) : new Network(network);
}

/**
 * What `factorize` would do with these options, layer by layer: the rank, what it keeps, and why a layer would stay. Nothing is
 * changed. Throws as it does, but for layers that stay.
 *
 * @example
 * const wide = new Sequential([new Dense(64, { inputShape: [64] }), new Dense(1)], { seed: 1 });
 * const layers = factorizableLayers(wide, { energy: 0.5 });
 * layers.map(({ rank }) => rank); // [ 12, 1 ]
 * layers[1]?.why; // at rank 1 two layers would hold 65 numbers, and it holds 64
 */
export function factorizableLayers(subject: Model | Graph<Stored>, options: FactorizeOptions): readonly LowRankLayer[] {
  const [, layers] = planned('factorizableLayers', subject, options);
  return layers.map(({ name, shape, why, rank, fullRank, energy, singularValues, numbers }) => ({
    ...{ name, shape, why, rank, fullRank },
    ...{ energy, singularValues, numbers },
  }));
}

function planned(
  op: string,
  subject: Model | Graph<Stored>,
  options: FactorizeOptions,
): readonly [Graph<Stored>, readonly Planned[]] {
  checkOptions(op, options, 'layers rank energy ratio form calibration larger');
  const { rank, energy, ratio, form = 'channel', calibration, larger = false } = options;
  checkOneOf(op, 'form', form, ['channel', 'spatial']);
  checkFlag(op, 'larger', larger);
  const given = Object.entries({ rank, energy, ratio }).filter(([, value]) => value !== undefined);
  const [first, second] = given;
  if (first === undefined)
    throw new ValueError(op, 'rank', 'given, unless energy or ratio is', rank, 'Write { rank: 16 }');
  if (second !== undefined) throw new ValueError(op, second[0], `left out where ${first[0]} is given`, second[1]);
  if (energy !== undefined) checkRange(op, 'energy', energy, 'between 0 and 1');
  if (ratio !== undefined) checkRange(op, 'ratio', ratio, 'between 0 and 1');
  if (calibration !== undefined && form === 'spatial') {
    const remedy = "Leave it out, or take form: 'channel'";
    throw new ValueError(
      op,
      'calibration',
      'left out for form: spatial, whose columns are no units',
      calibration,
      remedy,
    );
  }
  const graph = networkOf(op, subject, storedGraph);
  return [graph, plan(op, subject, graph, { ...options, form, larger })];
}

/** The graph with two nodes for each that has one of these kernels, and the first of them by the name of the whole. */
function withFactors(
  graph: Graph<Stored>,
  chosen: ReadonlyMap<string, Planned>,
  form: FactorForm,
): readonly [Graph<Stored>, ReadonlyMap<string, string>] {
  const weights = new Map(graph.weights);
  const names = new Names(namesOf(graph));
  const keys = new Names(weights.keys());
  const firsts = new Map<string, string>(); // key of the first kernel, by that of the whole
  const parts = new Map<string, string>();
  for (const [key, { node, factors, rank, bias }] of chosen) {
    const whole = graph.weights.get(key)!;
    const [a, b] = factorsOf(factors!.matrix, factors!.basis, rank);
    const [first, second] = formOf(node, whole.shape, form)!.parts(whole.shape, a, b, rank);
    firsts.set(key, keys.take(`${node.name}/in/kernel`));
    weights.set(firsts.get(key)!, storedLike(whole, first));
    weights.set(key, storedLike(whole, second));
    if (bias !== null) weights.set(bias.key, storedLike(graph.weights.get(bias.key)!, bias));
  }
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const key = node.weights.kernel;
    const kernel = key === undefined || !chosen.has(key) ? undefined : firsts.get(key);
    if (kernel === undefined) return [node];
    const first = names.take(`${chosen.get(key!)!.node.name}/in`); // as a model calls a layer that is applied again
    parts.set(first, node.name);
    return formOf(node, graph.weights.get(key!)!.shape, form)!.nodes(node, { first, kernel });
  });
  return [{ ...graph, nodes, weights }, parts];
}

/** Numbers rounded to the type of another weight, and with its mask where they are a bias. */
function storedLike({ encoding, mask, shape: old }: Stored, { shape, values }: Part): Stored {
  const isDouble = encoding.type === 'float64';
  const own = mask !== null && mask.length === values.length && old.length === 1 ? mask : null;
  const numbers = isDouble ? values : Float32Array.from(values);
  return { shape, encoding: { type: encoding.type, values: numbers } as Stored['encoding'], mask: own };
}
