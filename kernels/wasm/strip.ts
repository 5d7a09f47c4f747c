import { type AddFunction, advance, type Callee, countDown, select, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as i32 from './instructions/i32.ts';

/** Units up to which four positions are taken together: more sums do not stay in registers. */
const MOST_OF_FOUR = 8;

/**
 * Adds (a, step, rowStep, rows, cols, w, y, yStep, yRowStep, ...shape), `params` in all, which sweeps over the positions of an
 * image two by two, over the ends of rows too, and four by four within a row where `width` units are few. `addTile` adds what
 * computes some positions: (a, aNext, w, y, yNext, ...shape). Where results of rows follow each other there is no `yRowStep`.
 */
export function addStrip(
  func: AddFunction,
  width: number,
  addTile: (positions: number) => Callee,
  params: number,
  hasRowStep: boolean,
): Callee {
  const four = width <= MOST_OF_FOUR ? addTile(4) : null;
  const two = addTile(2);
  const one = addTile(1);
  return func('i'.repeat(params), ([a, step, rowStep, rows, cols, w, y, yStep, ...others], locals) => {
    const [left, across, isLast, aNext] = locals('iiii');
    const [yNext] = hasRowStep ? locals('i') : [yStep];
    const shape = others.slice(hasRowStep ? 1 : 0);
    const look = [
      isLast.set(i32.eq(i32.add(across, 1), cols)),
      aNext.set(select(rowStep, step, isLast)),
      hasRowStep ? yNext.set(select(others[0]!, yStep, isLast)) : [],
    ];
    const move = [
      advance(a, aNext),
      advance(y, yNext),
      across.set(select(0, i32.add(across, 1), isLast)),
      advance(left, -1),
      look,
    ];
    const pair = [two(a, aNext, w, y, yNext, ...shape), move, move];
    /** Runs `body`, which moves on by itself, while there are so many positions left. */
    const whileLeft = (least: number, body: Code): Code => countDown(left, 0, least, body);
    const inRow = four === null ? [] : [four(a, step, w, y, yStep, ...shape), move, move, move, move];
    return [
      left.set(i32.mul(rows, cols)),
      look,
      four === null ? [] : whileLeft(4, when(i32.geS(i32.sub(cols, across), 4), inRow, pair)),
      whileLeft(2, pair),
      when(left, one(a, aNext, w, y, yNext, ...shape)),
    ];
  });
}
