import type { ScanKernels } from '../interface/scans.ts';
import { type AddFunction, advance, doWhile, forRange, when } from './assembler.ts';
import type { Binary, Code } from './code.ts';
import { columns, pairAt } from './columns.ts';
import type { Engine } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';

/** Adds (outer, n, inner, x, y). Vectors hold two neighbouring columns; sixteen columns, the width of a line, go down together. */
function writeScan(func: AddFunction, first: number, op: Binary): void {
  func('iiiii', ([outer, n, inner, x, y], locals) => {
    const [o, i, r, p, q, stride] = locals('iiiiii');
    const isOne = i32.eq(inner, 1); // it is computed with whatever lies to the right of it
    const place = { i, from: i32.add(x, i32.shl(i, 2)), to: i32.add(y, i32.shl(i, 2)), stride };
    const strip = (vectors: number): Code => {
      const running = locals('v'.repeat(vectors));
      const [rounded] = locals('v');
      return [
        running.map((each) => each.set(f64x2.splat(f64.constant(first)))),
        p.set(place.from),
        q.set(place.to),
        forRange(r, 0, n, 1, [
          running.map((each, v) => [
            each.set(op(each, pairAt(p, v))),
            rounded.set(f32x4.demoteF64x2Zero(each)),
            vectors > 1
              ? v128.store64Lane(0, q, rounded, 8 * v)
              : when(isOne, v128.store32Lane(0, q, rounded), v128.store64Lane(0, q, rounded)),
          ]),
          advance(p, stride),
          advance(q, stride),
        ]),
      ];
    };
    return [
      stride.set(i32.shl(inner, 2)),
      forRange(o, 0, outer, 1, [
        i.set(0),
        when(
          inner,
          doWhile(
            i32.ltS(i, inner),
            when(
              i32.and(i32.geS(inner, 16), i32.gtS(i32.sub(inner, i), 2)),
              columns(16, place, inner, strip(8)),
              columns(i32.sub(2, isOne), place, inner, strip(1)),
            ),
          ),
        ),
        advance(x, i32.mul(n, stride)),
        advance(y, i32.mul(n, stride)),
      ]),
    ];
  });
}

export function scans(engine: Engine): Partial<ScanKernels<Float32Array>> {
  const { args } = engine;
  const scan = (first: number, op: Binary): ScanKernels<Float32Array>['cumsum'] => {
    const slot = engine.kernel((func) => writeScan(func, first, op));
    return (outer, n, inner, x, y) => {
      const xAt = args.read(x, outer * n * inner);
      args.done(slot.fn(outer, n, inner, xAt, args.write(y, outer * n * inner)));
    };
  };
  return { cumsum: scan(0, f64x2.add), cumprod: scan(1, f64x2.mul) };
}
