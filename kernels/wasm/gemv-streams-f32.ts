import { type AddFunction, advance, countDown, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';

/**
 * One row of A times packed panels of B that come from beyond the caches: eight panels take turns, eight rows each, so that
 * the memory has eight streams to fetch ahead of. Sums go back to C after each turn. Ten layers of 1024 (Node 20, Zen 4)
 * take 0.7 of the time of one stream; four streams 0.8, and sixteen more than one. Within the caches it takes 1.1 to 1.2.
 */

/** Panels that take turns, and rows of B in a turn. */
const STREAMS = 8;
const ROWS = 8;
/** Rows between two block breaks: more of them run out of registers. */
const BLOCK = 2;
/** Columns that are done together. */
export const STREAM_COLUMNS: number = 16 * STREAMS;

/** (n, k, a, b, c, bias, mode): as `writeGemvPanels`, for n a multiple of `STREAM_COLUMNS`. */
export function writeGemvStreams(func: AddFunction): void {
  func('iiiiiii', ([n, k, a, b, c, bias, mode], locals) => {
    const [left, at, base, stream, from, to, panelBytes] = locals('iiiiiii');
    const [x, zero, ...sums] = locals('vvvvvv');
    const each = (make: (sum: (typeof sums)[number], v: number) => Code): Code => sums.map(make);
    /** Runs `body` on the sums of each of the eight panels in turn. */
    const eachPanel = (...body: readonly Code[]): Code => [
      to.set(c),
      from.set(base),
      stream.set(STREAMS),
      countDown(
        stream,
        1,
        1,
        each((sum, v) => sum.set(v128.load(to, 16 * v))),
        body,
        each((sum, v) => v128.store(to, sum, 16 * v)),
        advance(to, 64),
        advance(from, panelBytes),
      ),
    ];
    const step = (u: number): Code => [
      u === 0 || u % BLOCK !== 0 || !needsBlockBreaks
        ? []
        : when(
            i32.ltS(n, 0), // never
            each((sum) => sum.set(zero)),
          ),
      x.set(v128.load32Splat(at, 4 * u)),
      each((sum, v) => sum.set(f32x4.add(sum, f32x4.mul(x, v128.load(from, 64 * u + 16 * v))))),
    ];
    const rows = (count: number): Code =>
      countDown(
        left,
        count,
        count,
        eachPanel(Array.from({ length: count }, (_, u) => step(u))),
        advance(at, 4 * count),
        advance(base, 64 * count),
      );
    const finish = [
      when(bias, [each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))), advance(bias, 64)]),
      activate(mode, zero, each),
    ];
    return [
      panelBytes.set(i32.shl(k, 6)),
      memory.fill(c, 0, i32.shl(n, 2)),
      countDown(n, STREAM_COLUMNS, STREAM_COLUMNS, [
        at.set(a),
        base.set(b),
        left.set(k),
        rows(ROWS),
        rows(1),
        eachPanel(finish),
        advance(c, 4 * STREAM_COLUMNS),
        advance(b, i32.mul(panelBytes, STREAMS)),
      ]),
    ];
  });
}
