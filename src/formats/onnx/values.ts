import type { ActivationName } from '../../graph/activation.ts';
import { broadcast, folded } from './fold.ts';
import type { Operator, Site } from './site.ts';
import { type Constant, reshaped } from './tensors.ts';
import { matched, settle, shapeOf, shapeText, sizeOf, type View, whole, withLast } from './views.ts';
import { checkReal, pendingVector, scaled, vectorOf } from './weights.ts';

/** An activation of each number by itself. */
export const activated = (site: Site, view: View, name: ActivationName, alpha?: number): View =>
  name === 'linear'
    ? { ...view, name: site.name }
    : site.along('activation', view, { activation: alpha === undefined ? { name } : { name, alpha } });

const plain = (name: ActivationName): Operator => ({ read: (site) => activated(site, site.view(0), name) });
const sloped = (name: ActivationName, usual: number): Operator => ({
  attributes: 'alpha',
  read: (site) => activated(site, site.view(0), name, site.float('alpha', usual)),
});

/** An activation of rows. Before opset 13 the axes from the one named on are a row together, by default all but the first. */
const alongRows = (name: ActivationName): Operator => ({
  attributes: 'axis',
  read(site) {
    const view = site.view(0);
    const rank = view.dims.length;
    const isJoined = site.opset < 13;
    const axis = site.axis(site.int('axis', isJoined ? 1 : -1), rank);
    const axes = isJoined ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
    const last = withLast(site.building, view, axes) ?? site.cannot(view, `the axis ${axis} as the last`);
    return { ...activated(site, last.view, name), dims: view.dims };
  },
});

/** What is between two bounds, as far as there is an activation that cuts there. */
function clipped(site: Site): View {
  const view = site.view(0);
  const bound = (name: string, i: number, usual: number): number => {
    if (site.opset < 11) return site.float(name, usual);
    const given = site.optional(i);
    if (given !== undefined && given.data.length !== 1) site.fail(`has ${given.data.length} numbers as ${name}`);
    return given === undefined ? usual : given.data[0]!;
  };
  const largest = 3.4028234663852886e38; // the largest float32, which older opsets have for no bound
  const low = bound('min', 1, -largest);
  const high = bound('max', 2, largest);
  if (high >= largest && low <= -largest) return activated(site, view, 'linear');
  if (low === 0 && high >= largest) return activated(site, view, 'relu');
  if (low === 0 && high === 6) return activated(site, view, 'relu6');
  return site.fail(`cuts at ${low} and ${high}: networks here cut at 0, and at 6 besides`);
}

/** Tensors of one shape, added. */
function added(site: Site, views: readonly View[]): View {
  const shape = shapeText(views[0]!);
  const other = views.map(shapeText).find((each) => each !== shape);
  if (other !== undefined) site.fail(`adds values of the shapes ${shape} and ${other}, and needs one shape`);
  const found = matched(site.building, views) ?? site.cannot(views.at(-1)!, 'the order of the others');
  if (found.length === 1) return { ...found[0]!, name: site.name };
  const value = site.building.node(
    'add',
    site.name,
    found.map((view) => view.value),
    {},
  );
  return { ...found[0]!, name: site.name, value };
}

/** What a constant does to x: x·factor + offset, one of them the constant. */
interface Affine {
  readonly isFactor: boolean;
  /** What the constant is multiplied with. */
  readonly sign?: number;
  /** Whether it is divided by. */
  readonly isDivisor?: boolean;
  /** What x is multiplied with besides. */
  readonly own?: number;
}

const inverse = (constant: Constant): Constant => ({
  ...constant,
  data: Float32Array.from(constant.data, (x) => 1 / x),
  held: null,
});

/** x·factor + offset with a number for each position of the last axis, which is exact: a mean of 0 and a variance of 1. */
function affine(
  site: Site,
  view: View,
  given: Constant,
  { isFactor, sign = 1, isDivisor = false, own = 1 }: Affine,
): View {
  const constant = broadcast(site, checkReal(site, given), view.dims.length);
  const shape = shapeOf(view);
  if (constant.shape.some((size, axis) => size !== 1 && size !== shape[axis]))
    site.fail(`has a constant [${given.shape.join(', ')}] that widens what it reads, [${shape.join(', ')}]`);
  const axes = constant.shape.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  const last = axes.length === 0 ? null : withLast(site.building, view, axes);
  if (axes.length > 0 && last === null) return site.cannot(view, `axis ${axes.join(', ')} as the last`);
  const read = last?.view ?? view;
  const result = { ...read, name: site.name };
  const { space } = read;
  if (space.axes === null && space.given.length === 0) space.axes = [[]];
  const form = (role: string, make: (size: number) => Constant) => ({
    id: `${site.name}|${role}`,
    key: `${site.name}/${role}`,
    make: () => {
      const size = sizeOf(whole(settle(space, space.given.map(whole)).at(-1) ?? []));
      site.building.spend(size, 'a constant for each channel');
      return make(size);
    },
  });
  const all = (x: number) => (size: number) =>
    vectorOf({ ...constant, shape: [], data: Float32Array.of(x), held: null }, size, null);
  const vector = {
    ...form(isFactor ? 'gamma' : 'beta', (size) => {
      const vector = vectorOf(constant, size, last?.order ?? null);
      return isDivisor ? inverse(vector) : scaled(vector, sign);
    }),
    key: given.key,
  };
  if (!isFactor && own === 1 && read === view && site.isAlone(view)) {
    const order = last?.order ?? null;
    const units = last?.size ?? (space.axes === null ? undefined : sizeOf(whole(space.axes.at(-1) ?? [])));
    // How many channels an input has is not known before something reads it
    const bias = units === undefined ? vector : pendingVector(site, constant, units, { order, factor: sign });
    const name = site.building.addBias(view.value, bias, site.name);
    if (name !== null) return { ...result, value: name };
  }
  const weights = {
    ...(isFactor ? { gamma: vector } : own !== 1 && { gamma: form('gamma', all(own)) }),
    ...(!isFactor && { beta: vector }),
    mean: form('mean', all(0)),
    variance: form('variance', all(1)),
  };
  const attrs = { epsilon: 0, momentum: 0.99, isUnbiased: false };
  const made = { ...result, value: site.along('batchNorm', read, attrs, { weights }).value };
  if (isFactor && site.isAlone(made)) site.building.open(made.value, 'beta');
  return made;
}

type Role = 'first' | 'second';

/** An operation on two tensors: of two values, or of one with a constant in a role. */
const binary = (
  opType: 'Add' | 'Sub' | 'Mul' | 'Div',
  ofConstant: (role: Role) => Affine | string,
  ofValues: (site: Site, views: readonly View[]) => View,
): Operator => ({
  attributes: 'broadcast axis',
  read(site) {
    const [a, b] = site.inputs;
    if (a?.kind !== 'constant' && b?.kind !== 'constant') return ofValues(site, site.views());
    const role = a?.kind === 'constant' ? 'first' : 'second';
    const how = ofConstant(role);
    if (typeof how === 'string') return site.fail(how);
    return role === 'first'
      ? affine(site, site.view(1), site.constant(0), how)
      : affine(site, site.view(0), site.constant(1), how);
  },
  fold: (site, [a, b]) => folded(site, opType, a, b),
});

export const VALUES: Readonly<Record<string, Operator>> = {
  Relu: plain('relu'),
  Sigmoid: plain('sigmoid'),
  Tanh: plain('tanh'),
  Softplus: { ...plain('softplus'), since: 1 },
  Exp: plain('exponential'),
  HardSwish: plain('hardSwish'),
  LeakyRelu: sloped('leakyRelu', 0.01),
  Elu: sloped('elu', 1),
  Softmax: alongRows('softmax'),
  LogSoftmax: alongRows('logSoftmax'),
  Gelu: {
    attributes: 'approximate',
    read(site) {
      const kind = site.text('approximate', 'none');
      if (kind !== 'none' && kind !== 'tanh') return site.fail(`has the approximation "${kind.slice(0, 40)}"`);
      return activated(site, site.view(0), kind === 'tanh' ? 'geluTanh' : 'gelu');
    },
  },
  Swish: {
    attributes: 'alpha',
    read(site) {
      if (site.float('alpha', 1) !== 1) site.fail('has an alpha, which silu does not');
      return activated(site, site.view(0), 'silu');
    },
  },
  HardSigmoid: {
    attributes: 'alpha beta',
    read: (site) => site.fail('is no activation of networks here by itself: only x·HardSigmoid(x) is, as hardSwish'),
  },
  Erf: {
    read: (site) => site.fail('is no activation of networks here by itself: only in x·(1 + Erf(x/√2))/2, as gelu'),
  },
  Clip: { attributes: 'min max', read: clipped },
  Add: binary('Add', () => ({ isFactor: false }), added),
  Sub: binary(
    'Sub',
    (role) => ({ isFactor: false, ...(role === 'first' ? { own: -1 } : { sign: -1 }) }),
    (site) => site.fail('subtracts two values: networks here have no such operation'),
  ),
  Mul: binary(
    'Mul',
    () => ({ isFactor: true }),
    (site) => site.fail('multiplies two values: networks here have no such operation but in activations'),
  ),
  Div: binary(
    'Div',
    (role) =>
      role === 'first'
        ? 'divides a constant by a value: networks here have no such operation'
        : { isFactor: true, isDivisor: true },
    (site) => site.fail('divides two values: networks here have no such operation'),
  ),
  Sum: {
    read(site) {
      if (site.inputs.length === 2 && site.inputs.some((item) => item?.kind === 'constant'))
        return VALUES.Add!.read!(site);
      return added(site, site.views());
    },
  },
  BatchNormalization: {
    attributes: 'epsilon momentum training_mode spatial is_test consumed_inputs',
    read(site) {
      const view = site.view(0);
      if (site.flag('training_mode', false)) site.fail('is in training mode: export the model for inference');
      if (!site.flag('spatial', true)) site.fail('is not spatial, which networks here are');
      const axis = view.dims.length > 1 ? 1 : site.fail('needs channels');
      const last = withLast(site.building, view, [axis]) ?? site.cannot(view, 'the channels as the last axis');
      const roles = ['gamma', 'beta', 'mean', 'variance'];
      const weights = Object.fromEntries(
        roles.map((role, i) => [
          role,
          pendingVector(site, exactly(site, i + 1, last.size), last.size, { order: last.order }),
        ]),
      );
      const attrs = { epsilon: site.float('epsilon', 1e-5), momentum: site.float('momentum', 0.9), isUnbiased: false };
      return { ...site.along('batchNorm', last.view, attrs, { weights }), dims: view.dims };
    },
  },
  LayerNormalization: {
    attributes: 'axis epsilon stash_type',
    read(site) {
      const view = site.view(0);
      const rank = view.dims.length;
      site.only('stash_type', 1, 'computes in another type than float32');
      const axis = site.axis(site.int('axis', -1), rank);
      const axes = Array.from({ length: rank - axis }, (_, i) => axis + i);
      const last = withLast(site.building, view, axes) ?? site.cannot(view, `the axes from ${axis} on as the last`);
      const options = { order: last.order };
      const shift = site.optional(2);
      const weights = {
        gamma: pendingVector(site, exactly(site, 1, last.size), last.size, options),
        ...(shift && { beta: pendingVector(site, shift, last.size, options) }),
      };
      return {
        ...site.along('layerNorm', last.view, { epsilon: site.float('epsilon', 1e-5) }, { weights }),
        dims: view.dims,
      };
    },
  },
};

/** A constant of so many numbers. */
function exactly(site: Site, i: number, size: number): Constant {
  const found = site.constant(i);
  if (found.data.length !== size) site.fail(`needs ${size} numbers of "${found.name}", and has ${found.data.length}`);
  return reshaped(found, [size]);
}
