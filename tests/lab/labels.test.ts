import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boxOf, overlap, placeLabels } from '../../lab/src/labels.ts';

const frame = { left: 40, right: 374, top: 24, bottom: 260 };

const point = fc.record({
  x: fc.integer({ min: 50, max: 360 }),
  y: fc.integer({ min: 30, max: 250 }),
  text: fc.constantFrom('teacher', 'int8', 'neurons pruned', 'student (labels only)', 'combined'),
});

test('labels lie inside the frame and hit no other label and no point, also when all points are the same', () => {
  const same = point.chain((p) => fc.integer({ min: 1, max: 8 }).map((n) => Array.from({ length: n }, () => p)));
  fc.assert(
    fc.property(fc.oneof(fc.array(point, { maxLength: 8 }), same), (points) => {
      const boxes = placeLabels(points, [], frame).map(boxOf);
      boxes.forEach((box, i) => {
        expect(box.left >= frame.left && box.right <= frame.right).toBe(true);
        expect(box.top >= frame.top && box.bottom <= frame.bottom).toBe(true);
        for (const other of boxes.slice(0, i)) expect(overlap(box, other)).toBe(false);
        for (const { x, y } of points) {
          expect(overlap(box, { left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 })).toBe(false);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('a label goes beside its point when there is room', () => {
  const [label] = placeLabels([{ x: 100, y: 100, text: 'int8' }], [], frame);
  expect(label).toMatchObject({ y: 100, far: false });
  expect(label!.x).toBeGreaterThan(100);
});
