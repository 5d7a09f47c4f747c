import type { Kernels } from '../kernels.ts';
import { doWhile, type Frame, type Local, sequence, when } from './assembler.ts';
import type { Code, Store, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { i32 } from './scalars.ts';
import { f32x4, v128 } from './vectors.ts';

/**
 * Optimizer steps on four elements at a time; adam, rmsprop and adagrad take as long as their roots and divisions. The
 * scalars are read from memory in every call: a recorded step finds this step's numbers there.
 */

/** An array as the body of a loop sees it: its four elements at the current place. */
interface Elements {
  readonly load: Code;
  readonly store: (value: Value) => Code;
}
type Cursor = (array: Local) => Elements;

/** `body` on four elements at a time, then on one at a time: the same code, which then stores its first lane only. */
function overElements(frame: Frame, n: Local, body: (at: Cursor) => Code): Code {
  const i = frame.local('i32');
  const turn = (count: number, store: Store): Code =>
    when(
      i32.geS(n, count),
      doWhile(
        i32.geS(n.tee(i32.sub(n, count)), count),
        body((array) => {
          const at = i32.add(array, i);
          return { load: v128.load(at), store: (value) => store(at, value) };
        }),
        i.set(i32.add(i, 4 * count)),
      ),
    );
  return sequence(
    turn(4, v128.store),
    turn(1, (at, value) => v128.store32Lane(0, at, value)),
  );
}

/** The numbers of `s`, each in all lanes, and the code that reads them. */
function scalars(frame: Frame, s: Local, count: number): { values: Local[]; read: Code } {
  const values = frame.locals('v128', count);
  return { values, read: sequence(...values.map((value, i) => value.set(v128.load32Splat(s, 4 * i)))) };
}

const { add, sub, mul, div, sqrt } = f32x4;
/** decay·old + rest·value. */
const blend = (decay: Value, old: Value, rest: Value, value: Value): Code => add(mul(decay, old), mul(rest, value));

export function optimizers(engine: Engine): Pick<Kernels, 'sgd' | 'adam' | 'rmsprop' | 'adagrad'> {
  const { heap } = engine;

  const sgd = engine.module(['plain', 'momentum', 'nesterov'], (assembler) => {
    for (const name of ['plain', 'momentum', 'nesterov']) {
      assembler.func(name, ['n', 'w', 'g', 'velocity', 's'], ({ n, w, g, velocity, s }, frame) => {
        const { values, read } = scalars(frame, s, 2);
        const [rate, momentum] = values as [Local, Local];
        const [step, v] = frame.locals('v128', 2) as [Local, Local];
        const loop = overElements(frame, n, (at) =>
          sequence(
            step.set(mul(rate, at(g).load)),
            ...(name === 'plain'
              ? [at(w).store(sub(at(w).load, step))]
              : [
                  v.set(sub(mul(momentum, at(velocity).load), step)),
                  at(velocity).store(v),
                  at(w).store(add(at(w).load, name === 'momentum' ? v : sub(mul(momentum, v), step))),
                ]),
          ),
        );
        return sequence(read, loop);
      });
    }
  });

  const { adam } = engine.module(['adam'], (assembler) => {
    assembler.func('adam', ['n', 'w', 'g', 'm', 'v', 'vMax', 's'], ({ n, w, g, m, v, vMax, s }, frame) => {
      const { values, read } = scalars(frame, s, 7);
      const [rate, eps, b1, c1, b2, c2, decay] = values as [Local, Local, Local, Local, Local, Local, Local];
      const [gi, mi, vi, wi, hasNoDecay] = frame.locals('v128', 5) as [Local, Local, Local, Local, Local];
      const [zero] = frame.locals('v128', 1) as [Local];
      return sequence(
        read,
        hasNoDecay.set(f32x4.eq(decay, zero)),
        overElements(frame, n, (at) =>
          sequence(
            gi.set(at(g).load),
            mi.set(blend(b1, at(m).load, c1, gi)),
            vi.set(blend(b2, at(v).load, c2, mul(gi, gi))),
            at(m).store(mi),
            at(v).store(vi),
            when(vMax, sequence(vi.set(f32x4.max(at(vMax).load, vi)), at(vMax).store(vi))),
            wi.set(at(w).load),
            // Without decay w itself: w - 0·w is NaN for an infinite w, and +0 for -0.
            wi.set(v128.bitselect(wi, sub(wi, mul(decay, wi)), hasNoDecay)),
            at(w).store(sub(wi, div(mul(rate, mi), add(sqrt(vi), eps)))),
          ),
        ),
      );
    });
  });

  const { rmsprop } = engine.module(['rmsprop'], (assembler) => {
    assembler.func('rmsprop', ['n', 'w', 'g', 'v', 'velocity', 's'], ({ n, w, g, v, velocity, s }, frame) => {
      const { values, read } = scalars(frame, s, 5);
      const [rate, rho, rest, eps, momentum] = values as [Local, Local, Local, Local, Local];
      const [gi, vi, step] = frame.locals('v128', 3) as [Local, Local, Local];
      const loop = overElements(frame, n, (at) =>
        sequence(
          gi.set(at(g).load),
          vi.set(blend(rho, at(v).load, rest, mul(gi, gi))),
          at(v).store(vi),
          step.set(div(mul(rate, gi), sqrt(add(vi, eps)))),
          when(velocity, sequence(step.set(add(mul(momentum, at(velocity).load), step)), at(velocity).store(step))),
          at(w).store(sub(at(w).load, step)),
        ),
      );
      return sequence(read, loop);
    });
  });

  const { adagrad } = engine.module(['adagrad'], (assembler) => {
    assembler.func('adagrad', ['n', 'w', 'g', 'v', 's'], ({ n, w, g, v, s }, frame) => {
      const { values, read } = scalars(frame, s, 2);
      const [rate, eps] = values as [Local, Local];
      const [gi, vi] = frame.locals('v128', 2) as [Local, Local];
      const loop = overElements(frame, n, (at) =>
        sequence(
          gi.set(at(g).load),
          vi.set(add(at(v).load, mul(gi, gi))),
          at(v).store(vi),
          at(w).store(sub(at(w).load, div(mul(rate, gi), sqrt(add(vi, eps))))),
        ),
      );
      return sequence(read, loop);
    });
  });

  /** Address of an array that may be missing, which is then 0. */
  const optional = (array: Float32Array | null, n: number): number => (array === null ? 0 : heap.update(array, n));
  return {
    sgd: (n, w, g, velocity, nesterov, s) => {
      const slot = velocity === null ? sgd.plain : nesterov ? sgd.nesterov : sgd.momentum;
      slot.fn(n, heap.update(w, n), heap.read(g, n), optional(velocity, n), heap.read(s, 2));
      heap.done();
    },
    adam: (n, w, g, m, v, vMax, s) => {
      const [wAt, gAt, mAt, vAt] = [heap.update(w, n), heap.read(g, n), heap.update(m, n), heap.update(v, n)];
      adam.fn(n, wAt, gAt, mAt, vAt, optional(vMax, n), heap.read(s, 7));
      heap.done();
    },
    rmsprop: (n, w, g, v, velocity, s) => {
      const [wAt, gAt, vAt] = [heap.update(w, n), heap.read(g, n), heap.update(v, n)];
      rmsprop.fn(n, wAt, gAt, vAt, optional(velocity, n), heap.read(s, 5));
      heap.done();
    },
    adagrad: (n, w, g, v, s) => {
      adagrad.fn(n, heap.update(w, n), heap.read(g, n), heap.update(v, n), heap.read(s, 2));
      heap.done();
    },
  };
}
