import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LayerShape, Samples } from '../../site/src/engine/messages.ts';
import {
  type Column,
  chooseEdges,
  type Edge,
  edgeAt,
  isWide,
  layOut,
  MOST_EDGES,
  nameOf,
  neighbour,
  scales,
  strands,
  touches,
} from '../../site/src/fit/visual/diagram.ts';
import { formulaOf, othersOf, sortedTerms } from '../../site/src/fit/visual/explanation.ts';
import { inputPicture, outputPicture } from '../../site/src/fit/visual/neuron-painter.ts';
import type { PlanePicture } from '../../site/src/fit/visual/plane.ts';
import { bars, enlarged, SIDE, weightPictures } from '../../site/src/fit/visual/weight-pictures.ts';

const shapeOf = (units: readonly number[]): LayerShape[] =>
  units.map((count, i) => ({ name: `dense ${i}`, units: count, activation: 'tanh' }));

/** Inputs and units of networks that a person can make. */
const networks = fc.record({
  inputs: fc.integer({ min: 1, max: 64 }),
  units: fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 7 }),
  width: fc.integer({ min: 200, max: 1400 }),
});

describe('layout', () => {
  test('has every neuron, none over another, all within, and none too small to be hit', () => {
    fc.assert(
      fc.property(networks, ({ inputs, units, width }) => {
        const layout = layOut(inputs, shapeOf(units), width);
        expect(layout.columns.map(({ nodes }) => nodes.length)).toEqual([inputs, ...units]);
        expect(layout.width).toBeGreaterThanOrEqual(width - 1e-6);
        expect(layout.height).toBeLessThan(480);
        let right = 0;
        for (const { size, nodes, left, right: end } of layout.columns) {
          expect(size).toBeGreaterThanOrEqual(width < 640 ? 24 : 16);
          expect(left).toBeGreaterThan(right);
          right = end;
          const places = new Set(nodes.map(({ x, y }) => `${x} ${y}`));
          expect(places.size).toBe(nodes.length);
          for (const { x, y } of nodes) {
            expect(x - size / 2).toBeGreaterThanOrEqual(left - 1e-6);
            expect(x + size / 2).toBeLessThanOrEqual(end + 1e-6);
            expect(y - size / 2).toBeGreaterThanOrEqual(0);
            expect(y + size / 2).toBeLessThanOrEqual(layout.height);
          }
          for (const a of nodes)
            for (const b of nodes)
              if (a !== b) expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThanOrEqual(size);
        }
        expect(right).toBeLessThan(layout.width);
      }),
      { numRuns: 30 },
    );
  });

  test('fills the room there is, and is wider than it where it must be', () => {
    expect(layOut(2, shapeOf([8, 2]), 700).width).toBe(700);
    expect(layOut(2, shapeOf([64, 64, 64, 64, 64, 64, 2]), 320).width).toBeGreaterThan(800);
  });

  test('neurons are drawn as large as the width allows', () => {
    const sizes = [4, 8, 16, 64].map((units) => layOut(2, shapeOf([units, units]), 480).columns[1]!.size);
    expect(sizes).toEqual([44, 44, 44, 24]);
    expect([900, 480, 400, 320].map((width) => layOut(2, shapeOf([16, 16, 2]), width).columns[1]!.size)).toEqual([
      44, 44, 36, 28,
    ]);
    const large = [64, 64, 64, 64, 64, 64, 2];
    expect(isWide(2, shapeOf(large))).toBe(true);
    expect(isWide(2, shapeOf([16, 16, 2]))).toBe(false);
    // It is seen whole where it has a row of its own, and scrolls on a telephone.
    expect(layOut(2, shapeOf(large), 816).width).toBeCloseTo(816);
    expect(layOut(2, shapeOf(large), 320).columns[1]!.size).toBe(24);
  });

  test('of more inputs than can be drawn has the first', () => {
    expect(layOut(784, shapeOf([2]), 500).columns[0]!.nodes).toHaveLength(64);
  });
});

describe('edges', () => {
  test('of a small network are all its weights, from input to output', () => {
    const kernel = Float32Array.of(1, -2, 0.5, 0, 4, -0.25); // 3 inputs, 2 units
    expect(chooseEdges([kernel], shapeOf([2]), null)).toEqual([
      { layer: 0, from: 0, to: 0, weight: 1, share: 0.25 },
      { layer: 0, from: 0, to: 1, weight: -2, share: 0.5 },
      { layer: 0, from: 1, to: 0, weight: 0.5, share: 0.125 },
      { layer: 0, from: 2, to: 0, weight: 4, share: 1 },
      { layer: 0, from: 2, to: 1, weight: -0.25, share: 0.0625 },
    ]);
  });

  test('are thin where all weights are small', () => {
    const [edge] = chooseEdges([Float32Array.of(0.1)], shapeOf([1]), null);
    expect(edge!.share).toBeCloseTo(0.1);
  });

  test('of a large network are the strongest, fairly shared between layers', () => {
    const units = [64, 64, 2];
    const weights = [2, 64, 64].map((from, i) =>
      Float32Array.from({ length: from * units[i]! }, (_, at) => Math.sin(at * 1.7 + i) * (i === 1 ? 0.01 : 1)),
    );
    const edges = chooseEdges(weights, shapeOf(units), null);
    expect(edges.length).toBe(MOST_EDGES);
    const counts = [0, 1, 2].map((of) => edges.filter(({ layer }) => layer === of).length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(106);
    // None that was left out is stronger than one that is drawn.
    weights.forEach((kernel, of) => {
      const drawn = edges.filter(({ layer }) => layer === of).map(({ weight }) => Math.abs(weight));
      const sorted = [...kernel].map(Math.abs).sort((a, b) => b - a);
      expect(Math.min(...drawn)).toBe(sorted[drawn.length - 1]);
    });
  });

  test('of a chosen neuron are drawn all, on both sides', () => {
    const weights = [64, 64].map((from) => Float32Array.from({ length: from * 64 }, (_, at) => Math.cos(at * 3.1)));
    const chosen = { layer: 0, unit: 7 };
    const edges = chooseEdges(weights, shapeOf([64, 64]), chosen, 20);
    expect(edges.filter((edge) => touches(edge, chosen))).toHaveLength(128);
    expect(edges.length).toBeGreaterThanOrEqual(128);
    expect(edges.length).toBeLessThanOrEqual(148);
  });

  test('of equal weights are no more than there is room for', () => {
    expect(chooseEdges([new Float32Array(4096).fill(1)], shapeOf([64]), null)).toHaveLength(MOST_EDGES);
    expect(chooseEdges([new Float32Array(4096)], shapeOf([64]), null)).toEqual([]);
    expect(chooseEdges([Float32Array.of(Number.NaN, 1)], shapeOf([2]), null)).toHaveLength(1);
  });

  test('are few lines of SVG, by sign and width', () => {
    const layout = layOut(2, shapeOf([2]), 300);
    const edges: Edge[] = [
      { layer: 0, from: 0, to: 0, weight: 2, share: 1 },
      { layer: 0, from: 1, to: 0, weight: -0.1, share: 0.05 },
      { layer: 0, from: 1, to: 1, weight: -0.1, share: 0.05 },
      { layer: 9, from: 0, to: 0, weight: 1, share: 1 },
    ];
    const drawn = strands(edges, layout).filter(({ path }) => path !== '');
    expect(drawn.map(({ isPositive, path }) => [isPositive, path.match(/M/g)?.length])).toEqual([
      [false, 2],
      [true, 1],
    ]);
    expect(drawn[1]!.width).toBeGreaterThan(drawn[0]!.width);
    const [from, to] = [layout.columns[0]!, layout.columns[1]!];
    expect(drawn[1]!.path).toMatch(new RegExp(`^M${from.right} .* ${to.left} ${Math.round(to.nodes[0]!.y)}$`));
  });
});

describe('neurons', () => {
  test('are reached by arrow keys: all of them, and none beyond', () => {
    const layout = layOut(2, shapeOf([5, 20, 3]), 600);
    const keys = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'];
    const seen = new Set(['0.0']);
    const open = [{ layer: 0, unit: 0 }];
    for (let place = open.pop(); place !== undefined; place = open.pop())
      for (const key of keys) {
        const next = neighbour(layout, place, key);
        if (next === null || seen.has(`${next.layer}.${next.unit}`)) continue;
        seen.add(`${next.layer}.${next.unit}`);
        open.push(next);
      }
    expect(seen.size).toBe(28);
    expect(neighbour(layout, { layer: 0, unit: 0 }, 'ArrowLeft')).toBeNull();
    expect(neighbour(layout, { layer: 2, unit: 0 }, 'ArrowRight')).toBeNull();
    expect(neighbour(layout, { layer: 0, unit: 0 }, 'Enter')).toBeNull();
    expect(neighbour(layout, { layer: 7, unit: 0 }, 'ArrowUp')).toBeNull();
  });

  test('have names', () => {
    expect([
      nameOf({ layer: -1, unit: 0 }, 3),
      nameOf({ layer: 1, unit: 2 }, 3),
      nameOf({ layer: 2, unit: 0 }, 3),
    ]).toEqual(['x1', 'h2.3', 'y1']);
  });

  test('have colours by their own size, but those of next to nothing are pale', () => {
    const pictures = [Float32Array.of(-4, 1), Float32Array.of(0.5), Float32Array.of(0.001), Float32Array.of(0)];
    const found = scales(pictures);
    expect(found[0]).toBe(4);
    expect(found[1]).toBe(0.5);
    expect(found[2]).toBeCloseTo(0.2);
    expect(scales([new Float32Array(3)])).toEqual([1]);
  });

  test('of inputs grow to the right and upwards', () => {
    const [x, y] = [inputPicture(0, 4), inputPicture(1, 4)];
    expect([...x.slice(0, 4)]).toEqual([-0.75, -0.25, 0.25, 0.75]);
    expect([y[0], y[12]]).toEqual([0.75, -0.75]);
  });

  test('of the output are probabilities about a half, or numbers about the middle', () => {
    const plane = (classes: number, values: number[]): PlanePicture => ({
      kind: 'plane',
      width: 2,
      height: 2,
      classes,
      values: Float32Array.from(values),
      neurons: [],
      neuronSize: 24,
    });
    const two = plane(2, [0.25, 1, 0.5, 0]);
    expect([...outputPicture(two, 0, 9, 2)]).toEqual([0.5, -1, 0, 1]);
    expect([...outputPicture(two, 1, 9, 2)]).toEqual([-0.5, 1, 0, -1]);
    const three = plane(3, [0.25, 0.5, 0.25, 0, 0, 1, 1, 0, 0, 0, 1, 0]);
    expect([...outputPicture(three, 2, 9, 2)]).toEqual([-0.5, 1, -1, -1]);
    expect([...outputPicture(plane(0, [3, 5, 4, 4]), 0, 4, 2)]).toEqual([-1, 1, 0, 0]);
    expect([...outputPicture(two, 1, 9, 4)].slice(0, 4)).toEqual([-0.5, -0.5, 1, 1]);
  });
});

describe('explanations', () => {
  const explanation = {
    layer: 0,
    unit: 1,
    activation: 'tanh',
    bias: -0.5,
    terms: [
      { from: 'x1', weight: -2, value: 0.5 },
      { from: 'x2', weight: 1, value: 3 },
    ],
    sum: 1.5,
    output: 0.905,
  };

  test('are a formula with its numbers', () => {
    expect(formulaOf(explanation, 'h1.2')).toBe('h1.2 = tanh(−2·x1 + 1·x2 − 0.5) = 0.905');
    expect(formulaOf({ ...explanation, terms: [] }, 'y1')).toBe('y1 = tanh(−0.5) = 0.905');
  });

  test('of softmax name the other outputs, which the division has too', () => {
    const softmax = { ...explanation, activation: 'softmax', sum: 1, output: Math.E / (Math.E + Math.exp(2) + 1) };
    expect(formulaOf(softmax, 'y1')).toMatch(/^y1 = softmax\(.*, …\) = 0.245$/);
    expect(othersOf(softmax)).toBeCloseTo(Math.exp(2) + 1, 10);
  });

  test('show the strongest terms in their order and what the others come to', () => {
    const terms = [1, -9, 2, 8, -3].map((value, i) => ({ from: `x${i + 1}`, weight: 2, value }));
    const { shown, others, rest } = sortedTerms({ terms }, 2);
    expect(shown.map(({ from, product }) => [from, product])).toEqual([
      ['x2', -18],
      ['x4', 16],
    ]);
    expect([others, rest]).toEqual([3, 0]);
    expect(sortedTerms(explanation, 2)).toMatchObject({ others: 0, rest: 0 });
    expect(formulaOf({ ...explanation, terms }, 'h1.1')).toBe(
      'h1.1 = tanh(2·x2 + 2·x3 + 2·x4 + 2·x5 + … − 0.5) = 0.905',
    );
  });
});

describe('an edge that one points at', () => {
  test('is the one that is drawn there, anywhere along it, and none where none is near', () => {
    fc.assert(
      fc.property(
        networks,
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (of, pick, t) => {
          const shape = shapeOf(of.units);
          const layout = layOut(of.inputs, shape, of.width);
          const layer = pick % of.units.length;
          const edge: Edge = {
            layer,
            from: pick % (layer === 0 ? of.inputs : of.units[layer - 1]!),
            to: (pick >> 3) % of.units[layer]!,
            weight: 1,
            share: 1,
          };
          // As it is drawn: M x1 y1 C x y, x y, x2 y2
          const path = strands([edge], layout)
            .map((strand) => strand.path)
            .join('');
          const [x1, y1, a, b, c, d, x2, y2] = path.match(/-?\d+/g)!.map(Number) as [
            number,
            number,
            number,
            number,
            number,
            number,
            number,
            number,
          ];
          const along = (p: number, q: number, r: number, s: number): number =>
            p * (1 - t) ** 3 + 3 * q * t * (1 - t) ** 2 + 3 * r * t * t * (1 - t) + s * t ** 3;
          const [x, y] = [along(x1, a, c, x2), along(y1, b, d, y2)];
          expect(edgeAt([edge], layout, x, y)).toBe(edge);
          expect(edgeAt([edge], layout, x, Math.max(y1, y2) + 8)).toBeNull();
          expect(edgeAt([edge], layout, x2 + 8, y2)).toBeNull();
        },
      ),
    );
  });

  test('is the nearest of several', () => {
    const layout = layOut(2, shapeOf([2]), 400);
    const edges = chooseEdges([Float32Array.of(1, 2, 3, 4)], shapeOf([2]), null);
    const [inputs, outputs] = layout.columns as [Column, Column];
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const weight = edges.find((edge) => edge.from === from && edge.to === to)!;
      const near = inputs.right + 0.1 * (outputs.left - inputs.right);
      const at = edgeAt([weight], layout, near, inputs.nodes[from]!.y);
      expect(at).toBe(weight);
    }
    expect(edgeAt(edges, layout, outputs.left - 1, outputs.nodes[1]!.y)).toMatchObject({ to: 1 });
  });
});

describe('pictures of weights, where samples have no plane', () => {
  const samplesOf = (features: readonly string[]): Samples =>
    ({ features, inputs: features.length }) as unknown as Samples;
  const pixels = samplesOf(Array.from({ length: 64 }, (_, i) => `pixel${i}`));
  const column = (picture: Float32Array, at: number): number[] =>
    Array.from({ length: SIDE }, (_, row) => picture[row * SIDE + at]!);

  test('of images are images, of pixels their places', () => {
    const kernel = Float32Array.from({ length: 64 * 3 }, (_, i) => i - 90);
    const [first, , third] = weightPictures([kernel], pixels, 0, 3)!;
    for (const [row, col] of [
      [0, 0],
      [3, 5],
      [7, 7],
    ] as const)
      for (const [picture, unit] of [
        [first!, 0],
        [third!, 2],
      ] as const)
        for (const [y, x] of [
          [3 * row, 3 * col],
          [3 * row + 2, 3 * col + 2],
        ] as const)
          expect(picture[y * SIDE + x]).toBe(kernel[(8 * row + col) * 3 + unit]);
    const places = weightPictures([kernel], pixels, -1, 64)!;
    expect(places).toHaveLength(64);
    for (const [i, place] of places.entries())
      expect(place).toEqual(enlarged(Float32Array.from({ length: 64 }, (_, at) => (at === i ? 1 : 0))));
  });

  test('are bars elsewhere: of what leads into a neuron, and of what leads out of an input', () => {
    // [from, to]: two inputs, three units
    const first = Float32Array.of(4, 0, -4, -2, 0, 2);
    const second = Float32Array.of(1, -1, 0.5);
    const samples = samplesOf(['a', 'b']);
    const [, dead, last] = weightPictures([first, second], samples, 0, 3)!;
    expect(dead!.every((value) => value === 0)).toBe(true);
    expect(last).toEqual(bars(Float32Array.of(-4, 2), 4));
    expect(weightPictures([first, second], samples, 1, 1)).toEqual([bars(second, 1)]);
    expect(weightPictures([first, second], samples, -1, 2)![0]).toEqual(bars(first.subarray(0, 3), 4));
    // Of a later layer of images too
    const kernel = new Float32Array(64 * 2).fill(1);
    expect(weightPictures([kernel, Float32Array.of(1, 2)], pixels, 1, 1)).toEqual([bars(Float32Array.of(1, 2), 2)]);
    expect(weightPictures([], samples, 0, 3)).toBeNull();
  });

  test('a bar is as high as its weight is large, upwards where it is positive, with a gap to the next', () => {
    const picture = bars(Float32Array.of(2, -1, 0.25), 2);
    const sums = Array.from({ length: SIDE }, (_, at) => column(picture, at).reduce((sum, value) => sum + value, 0));
    expect(sums).toEqual([...Array(7).fill(12), 0, ...Array(7).fill(-6), 0, ...Array(7).fill(2), 0]);
    expect(column(picture, 0).slice(0, 12)).toEqual(Array(12).fill(1));
    expect(column(picture, 8).slice(0, 12)).toEqual(Array(12).fill(0));
    expect(column(picture, 8).slice(12, 18)).toEqual(Array(6).fill(-1));
    // More than there are columns: none of the large ones is left out
    const many = new Float32Array(64).fill(0.1);
    many[31] = -1;
    expect(column(bars(many, 1), 11).filter((value) => value < 0)).toHaveLength(12);
    expect(bars(many, 1).every((value) => [0, 1, -1].includes(value))).toBe(true);
  });
});
