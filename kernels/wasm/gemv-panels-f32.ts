import { type AddFunction, advance, countDown, doWhile, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { storeFirst } from './stores.ts';

/**
 * One row of A times packed panels of B within the caches: sixteen sums stay in registers over all of k, and the weights are
 * one stream from first to last. Two panels at once are 1.4 times as slow (Node 20, Zen 4).
 */

/** Steps of k in one turn of the loop, and those between two block breaks: more of them run out of registers. */
const UNROLL = 8;
const BLOCK = 2;

/** (n, k, a, b, c, bias, mode): c[n] = activation(a[k]·B + bias), B packed as [n/16][k][16]. */
export function writeGemvPanels(func: AddFunction): void {
  func('iiiiiii', ([n, k, a, b, c, bias, mode], locals) => {
    const [left, at] = locals('ii');
    const [x, zero, ...sums] = locals('vvvvvv');
    const each = (make: (sum: (typeof sums)[number], v: number) => Code): Code => sums.map(make);
    const clear = each((sum) => sum.set(zero));
    const step = (u: number): Code => [
      u === 0 || u % BLOCK !== 0 || !needsBlockBreaks ? [] : when(i32.ltS(n, 0), clear), // never
      x.set(v128.load32Splat(at, 4 * u)),
      each((sum, v) => sum.set(f32x4.add(sum, f32x4.mul(x, v128.load(b, 64 * u + 16 * v))))),
    ];
    const turn = (steps: number): Code => [
      Array.from({ length: steps }, (_, u) => step(u)),
      advance(at, 4 * steps),
      advance(b, 64 * steps),
    ];
    const panel = [
      at.set(a),
      clear,
      left.set(i32.sub(k, UNROLL)),
      when(i32.geS(left, 0), doWhile(i32.geS(left.tee(i32.sub(left, UNROLL)), 0), turn(UNROLL))),
      advance(left, UNROLL),
      countDown(left, 1, 1, turn(1)),
      when(bias, [each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))), advance(bias, 64)]),
      activate(mode, zero, each),
      storeFirst(n, c, sums),
      advance(c, 64),
    ];
    return countDown(n, 16, 1, panel);
  });
}
