import type { FloatArray } from '../arrays.ts';
import { MOST_GRADIENT, type OptimizerKernels } from '../interface/optimizers.ts';
import { type AddFunction, advance, countDown, type Local, type Locals, type NewLocals, when } from './assembler.ts';
import type { Code, Store, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { type Floats, float32, type Vector } from './floats.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';

/**
 * Optimizer steps on a vector of elements at a time; adam, rmsprop and adagrad take as long as their roots and divisions. The
 * scalars are read from memory in every call: a recorded step finds this step's numbers there.
 */

/** An array as a step sees it: its elements at the current place. */
interface Elements {
  /** 0 if there is none. */
  readonly array: Local;
  readonly load: Code;
  readonly store: (value: Value) => Code;
}

/**
 * What is done to a vector of elements: weights, gradients and up to three arrays of state. Scalars stand in all lanes; `bounded` is
 * a gradient that is to be squared.
 */
type Step = (
  vector: Vector,
  scalars: Locals,
  arrays: readonly [w: Elements, g: Elements, Elements, Elements, Elements],
  locals: NewLocals,
  bounded: (gradient: Elements) => Code,
) => Code;

/**
 * Adds (n, w, g, state, state, state, s): the step for a vector of elements at a time, then for one at a time by the same code,
 * which then stores its first lane only.
 */
function addStep(func: AddFunction, count: number, step: Step, floats: Floats): void {
  const { bytes, lanes, vector, splat, loadSplat, storeLane } = floats;
  func('iiiiiii', ([n, w, g, a, b, c, s], locals) => {
    const scalars = locals('v'.repeat(count));
    const [least, most, i] = locals('vvi');
    // Of a NaN these take what they are given first; min and max of WebAssembly would cost five instructions more each.
    const bounded = ({ load }: Elements): Code => vector.pmax(vector.pmin(load, most), least);
    const turn = (elements: number, store: Store): Code => {
      const at = (array: Local): Elements => {
        const place = i32.add(array, i);
        return { array, load: v128.load(place), store: (value) => store(place, value) };
      };
      const body = step(vector, scalars, [at(w), at(g), at(a), at(b), at(c)], locals, bounded);
      return countDown(n, elements, elements, body, advance(i, bytes * elements));
    };
    return [
      scalars.map((value, i) => value.set(loadSplat(s, bytes * i))),
      least.set(splat(-MOST_GRADIENT)),
      most.set(splat(MOST_GRADIENT)),
      turn(lanes, v128.store),
      turn(1, (at, value) => storeLane(0, at, value)),
    ];
  });
}

const plain: Step = ({ sub, mul }, [rate], [w, g]) => w.store(sub(w.load, mul(rate, g.load)));

const withMomentum =
  (isNesterov: boolean): Step =>
  ({ add, sub, mul }, [rate, momentum], [w, g, velocity], locals) => {
    const [step, v] = locals('vv');
    return [
      step.set(mul(rate, g.load)),
      v.set(sub(mul(momentum, velocity.load), step)),
      velocity.store(v),
      w.store(add(w.load, isNesterov ? sub(mul(momentum, v), step) : v)),
    ];
  };

/** decay·old + rest·value. */
const blend = ({ add, mul }: Vector, decay: Value, old: Value, rest: Value, value: Value): Code =>
  add(mul(decay, old), mul(rest, value));

const adamStep: Step = (vector, [rate, eps, b1, c1, b2, c2, decay], [w, g, m, v, vMax], locals, bounded) => {
  const { add, sub, mul, div, sqrt, max, eq } = vector;
  const [gi, mi, vi, wi, zero] = locals('vvvvv');
  return [
    gi.set(bounded(g)),
    mi.set(blend(vector, b1, m.load, c1, gi)),
    vi.set(blend(vector, b2, v.load, c2, mul(gi, gi))),
    m.store(mi),
    v.store(vi),
    when(vMax.array, [vi.set(max(vMax.load, vi)), vMax.store(vi)]),
    wi.set(w.load),
    // Without decay w itself: w - 0·w is NaN for an infinite w, and +0 for -0.
    wi.set(v128.bitselect(wi, sub(wi, mul(decay, wi)), eq(decay, zero))),
    w.store(sub(wi, div(mul(rate, mi), add(sqrt(vi), eps)))),
  ];
};

const rmspropStep: Step = (vector, [rate, rho, rest, eps, momentum], [w, g, v, velocity], locals, bounded) => {
  const { add, sub, mul, div, sqrt } = vector;
  const [gi, vi, step] = locals('vvv');
  return [
    gi.set(bounded(g)),
    vi.set(blend(vector, rho, v.load, rest, mul(gi, gi))),
    v.store(vi),
    step.set(div(mul(rate, gi), sqrt(add(vi, eps)))),
    when(velocity.array, [step.set(add(mul(momentum, velocity.load), step)), velocity.store(step)]),
    w.store(sub(w.load, step)),
  ];
};

const adagradStep: Step = ({ add, sub, mul, div, sqrt }, [rate, eps], [w, g, v], locals, bounded) => {
  const [gi, vi] = locals('vv');
  return [
    gi.set(bounded(g)),
    vi.set(add(v.load, mul(gi, gi))),
    v.store(vi),
    w.store(sub(w.load, div(mul(rate, gi), sqrt(add(vi, eps))))),
  ];
};

type Threshold = (floats: Floats, x: Local, least: Local) => Code;

/** Adds (n, x, root, s): x = map(x, s[7]·root). */
function addThreshold(func: AddFunction, map: Threshold, floats: Floats): void {
  const { bytes, lanes, vector, loadSplat, storeLane } = floats;
  func(`ii${floats.letter}i`, ([n, x, root, s], locals) => {
    const [least, value] = locals('vv');
    const turn = (elements: number, store: Store): Code =>
      countDown(n, elements, elements, [
        value.set(v128.load(x)),
        store(x, map(floats, value, least)),
        advance(x, bytes * elements),
      ]);
    return [
      least.set(vector.mul(loadSplat(s, 7 * bytes), vector.splat(root))),
      turn(lanes, v128.store),
      turn(1, (at, value) => storeLane(0, at, value)),
    ];
  });
}

const soft: Threshold = ({ vector: { add, sub, min, max }, splat }, w, t) =>
  add(max(sub(w, t), splat(0)), min(add(w, t), splat(0)));

const factor: Threshold = ({ vector, splat }, norm, least) =>
  v128.andnot(vector.sub(splat(1), vector.div(least, norm)), vector.le(norm, least));

export function optimizers<F extends FloatArray = Float32Array>(
  engine: Engine,
  floats: Floats = float32,
): Partial<OptimizerKernels<F>> {
  const { args } = engine;
  type State = F | null;
  const stateAt = (array: State, n: number): number => (array === null ? 0 : args.update(array, n));
  const kernel = (scalars: number, step: Step) => {
    const slot = engine.kernel((func) => addStep(func, scalars, step, floats));
    return (n: number, s: F, w: F, g: F, a: State, b: State = null, c: State = null): void =>
      args.done(
        slot.fn(
          n,
          args.update(w, n),
          args.read(g, n),
          stateAt(a, n),
          stateAt(b, n),
          stateAt(c, n),
          args.read(s, scalars),
        ),
      );
  };
  const sgd = kernel(1, plain);
  const momentum = kernel(2, withMomentum(false));
  const nesterov = kernel(2, withMomentum(true));
  const adam = kernel(7, adamStep);
  const rmsprop = kernel(5, rmspropStep);
  const adagrad = kernel(2, adagradStep);
  const threshold = (map: Threshold) => {
    const slot = engine.kernel((func) => addThreshold(func, map, floats));
    return (n: number, x: F, root: number, s: F): void =>
      args.done(slot.fn(n, args.update(x, n), root, args.read(s, 8)));
  };
  const softThreshold = threshold(soft);
  return {
    sgd: (n, w, g, velocity, isNesterov, s) =>
      (velocity === null ? sgd : isNesterov ? nesterov : momentum)(n, s, w, g, velocity),
    adam: (n, w, g, m, v, vMax, s) => adam(n, s, w, g, m, v, vMax),
    rmsprop: (n, w, g, v, velocity, s) => rmsprop(n, s, w, g, v, velocity),
    adagrad: (n, w, g, v, s) => adagrad(n, s, w, g, v),
    softThreshold: (n, w, s) => softThreshold(n, w, 1, s),
    groupThreshold: threshold(factor),
  };
}
