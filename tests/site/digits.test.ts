import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeNetwork, fromData, predictNetwork } from 'whittle-ml';
import { leading, votesOf } from '../../site/src/digits/answers.ts';
import { begin, type Drawing, EMPTY, extend, press, undo } from '../../site/src/digits/drawing.ts';
import { FULL, pixelsOf, SIDE } from '../../site/src/digits/pixels.ts';
import { EXAMPLES } from '../../site/src/digits/strokes.ts';

const press2 = (drawing: Drawing, ...keys: string[]): Drawing =>
  keys.reduce((now, key) => press(now, key) ?? now, drawing);

describe('pixels of ink', () => {
  test('are whole numbers from 0 to 16, whatever is drawn', () => {
    const point = fc.tuple(fc.double({ min: -2, max: 10, noNaN: true }), fc.double({ min: -2, max: 10, noNaN: true }));
    fc.assert(
      fc.property(fc.array(fc.array(point, { minLength: 1, maxLength: 5 }), { maxLength: 3 }), (lines) => {
        const pixels = pixelsOf(lines);
        expect(pixels).toHaveLength(SIDE * SIDE);
        for (const ink of pixels) expect(Number.isInteger(ink) && ink >= 0 && ink <= FULL).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('of nothing are blank; a dot is a dot in the middle', () => {
    expect(Math.max(...pixelsOf([]))).toBe(0);
    const dot = pixelsOf([[[2, 6]]]);
    const inked = [...dot.keys()].filter((i) => dot[i]! > 0);
    expect(inked).toEqual([27, 28, 35, 36]);
  });

  test('do not ask where on the paper and how large a line is', () => {
    const small = pixelsOf([
      [
        [1, 1],
        [1, 3],
      ],
    ]);
    const large = pixelsOf([
      [
        [6, 0.5],
        [6, 7.5],
      ],
    ]);
    expect(small).toEqual(large);
  });
});

describe('a drawing', () => {
  test('by pointer: a line begins, grows and is taken back', () => {
    const drawn = extend(begin(extend(begin(EMPTY, [1, 1]), [[2, 2]]), [5, 5]), [
      [6, 6],
      [7, 7],
    ]);
    expect(drawn.lines).toEqual([
      [
        [1, 1],
        [2, 2],
      ],
      [
        [5, 5],
        [6, 6],
        [7, 7],
      ],
    ]);
    expect(undo(drawn).lines).toEqual([
      [
        [1, 1],
        [2, 2],
      ],
    ]);
  });

  test('by keys: arrows move, and draw while the pen is down', () => {
    const moved = press2(EMPTY, 'ArrowRight');
    expect(moved.lines).toEqual([]);
    const [x, y] = moved.pen;
    const drawn = press2(moved, ' ', 'ArrowDown', 'ArrowDown', ' ', 'ArrowLeft');
    expect(drawn.lines).toEqual([
      [
        [x, y],
        [x, y + 0.5],
        [x, y + 1],
      ],
    ]);
    expect(drawn.isDown).toBe(false);
    expect(press2(drawn, 'Backspace').lines).toEqual([]);
    expect(press2(drawn, 'Delete').lines).toEqual([]);
    expect(press(drawn, 'a')).toBeNull();
  });

  test('by keys never leaves the paper', () => {
    const key = fc.constantFrom('ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', ' ', 'Backspace');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 80 }), (keys) => {
        for (const [x, y] of press2(EMPTY, ...keys).lines.flat())
          expect(Math.min(x, y) >= 0 && Math.max(x, y) <= SIDE).toBe(true);
      }),
    );
  });
});

describe('answers', () => {
  const answer = (network: string, digit: number) => ({
    network,
    probabilities: Float32Array.from({ length: 10 }, (_, i) => (i === digit ? 0.91 : 0.01)),
  });

  test('lead with the likeliest digit', () => {
    expect(leading(answer('a', 7)).digit).toBe(7);
    expect(leading(answer('a', 7)).probability).toBeCloseTo(0.91, 6);
  });

  test('are counted by digit, the most first', () => {
    expect(votesOf([answer('a', 1), answer('b', 7), answer('c', 7)])).toEqual([
      { digit: 7, networks: ['b', 'c'] },
      { digit: 1, networks: ['a'] },
    ]);
    expect(votesOf([])).toEqual([]);
  });
});

test.each(['dense', 'denseInt8', 'denseWhittled', 'cnn', 'cnnInt8'])('%s reads the ten examples', (name) => {
  const file = readFileSync(new URL(`../../site/src/digits/networks/${name}.safetensors`, import.meta.url));
  const { network } = decodeNetwork(file);
  const said = EXAMPLES.map((lines) => {
    const pixels = pixelsOf(lines).map((ink) => ink / FULL);
    const input = fromData(pixels, [1, ...network.inputs[0]!.shape]);
    const { data } = predictNetwork(network, input);
    return leading({ probabilities: Float32Array.from(data) }).digit;
  });
  expect(said).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
