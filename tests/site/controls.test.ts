import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asTask, classesIn, classOf, History, isApart, moved, withPoint } from '../../site/src/fit/controls/drawing.ts';
import { columnsOf, exampleTable } from '../../site/src/fit/controls/header.ts';
import { PRESETS, presetOf, settingsOf } from '../../site/src/fit/controls/presets.ts';
import { isShortcut } from '../../site/src/fit/controls/shortcut.ts';
import { outlineOf, sketchOf } from '../../site/src/fit/controls/sketches.ts';
import { SCALES } from '../../site/src/fit/controls/stops.ts';
import { decades, placeOf, placesOf, type Scale, valueAt } from '../../site/src/shell/scales.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { readSettings, writeSettings } from '../../site/src/state/fields.ts';
import { MOST_POINTS, type Point } from '../../site/src/state/points.ts';
import { DATA_NAMES, RANGES, type Range } from '../../site/src/state/ranges.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';
import { expectValid, settings } from './settings.ts';

describe('sliders', () => {
  const scales: Scale[] = Object.values(SCALES);

  test('every place has a value, and every value of the scale its place', () => {
    for (const scale of scales) {
      const { min, max, step } = placesOf(scale);
      for (let place = min; place <= max + step / 2; place += step)
        expect(placeOf(valueAt(place, scale), scale)).toBeCloseTo(place, 9);
    }
  });

  test('a value between stops is shown at the nearest by ratio, and none but zero at zero', () => {
    const scale = { stops: [0, 0.01, 0.1, 1] };
    expect([0, 1e-9, 0.02, 0.05, 0.9, 50].map((value) => placeOf(value, scale))).toEqual([0, 1, 1, 2, 3, 3]);
  });

  test('reach all of the range, and nothing beyond', () => {
    const ranges: { readonly [N in keyof typeof SCALES]: Range } = {
      ...RANGES,
      share: RANGES.validation,
    };
    for (const [name, range] of Object.entries(ranges)) {
      const scale = (SCALES as { readonly [name: string]: Scale })[name];
      if (scale === undefined) continue;
      const { min, max } = placesOf(scale);
      expect(valueAt(min, scale), name).toBe(range.min);
      expect(valueAt(max, scale), name).toBe(range.max);
    }
  });

  test('decades rise', () => {
    expect(decades(1, 50)).toEqual([1, 2, 5, 10, 20, 50]);
    expect(decades(0.03, 0.2, [1, 3])).toEqual([0.03, 0.1]);
  });
});

describe('experiments to begin with', () => {
  test('are valid, different, and found again by their settings', () => {
    for (const preset of PRESETS) {
      const made = settingsOf(preset, DEFAULTS);
      expectValid(made);
      expect(presetOf(made)?.id).toBe(preset.id);
      expect(readSettings(writeSettings(made, DEFAULTS), DEFAULTS)).toEqual(made);
    }
    expect(PRESETS.filter(({ isWorking }) => isWorking).length).toBeGreaterThanOrEqual(5);
    expect(PRESETS.filter(({ isWorking }) => !isWorking).length).toBeGreaterThanOrEqual(7);
  });

  test('have values that the controls have', () => {
    const lies = (value: number, scale: Scale): void => expect(valueAt(placeOf(value, scale), scale)).toBe(value);
    for (const preset of PRESETS) {
      const { data, network, training } = settingsOf(preset, DEFAULTS);
      lies(data.samples, SCALES.samples);
      lies(network.l2, SCALES.penalty);
      lies(training.learningRate, SCALES.learningRate);
      lies(training.epochs, SCALES.epochs);
      lies(training.patience, SCALES.patience);
    }
  });

  test('leave tab, language and compression as they are', () => {
    fc.assert(
      fc.property(settings, fc.constantFrom(...PRESETS), (before, preset) => {
        const { tab, language, compress } = settingsOf(preset, before);
        expect({ tab, language, compress }).toEqual({
          tab: before.tab,
          language: before.language,
          compress: before.compress,
        });
      }),
      { numRuns: 50 },
    );
  });

  test('have a sentence why in each language, and no text is left over', () => {
    const ids = PRESETS.map(({ id }) => id).sort();
    for (const { controls } of [en, zh]) {
      expect(Object.keys(controls.presets).sort()).toEqual(ids);
      for (const { name, why } of Object.values(controls.presets)) {
        expect(name.length).toBeGreaterThan(3);
        expect(why).toMatch(/[.。]$/);
      }
    }
  });
});

describe('drawing', () => {
  test('keys move within the plane', () => {
    expect(moved([0, 0], 'ArrowUp')).toEqual([0, 0.05]);
    expect(moved([-1, 0.5], 'ArrowLeft')).toEqual([-1, 0.5]);
    expect(moved([0.1, 0], 'ArrowRight')).toEqual([0.15, 0]);
    expect(moved([0, 0], 'a')).toBeNull();
    expect(['1', '4', '5', '0', 'x', ' '].map(classOf)).toEqual([0, 3, null, null, null, null]);
  });

  test('no more points than may be, and none too close while dragging', () => {
    let points: readonly Point[] = [];
    for (let i = 0; i < MOST_POINTS + 5; i++) points = withPoint(points, [0.1234, 0, 1]);
    expect(points).toHaveLength(MOST_POINTS);
    expect(points[0]).toEqual([expect.closeTo(0.124, 9), 0, 1]);
    expect(isApart([0, 0], [0.05, 0.05])).toBe(false);
    expect(isApart([0, 0], [0.09, 0])).toBe(true);
  });

  test('points change from classes to numbers and back', () => {
    const points: readonly Point[] = [
      [0, 0, 0],
      [0, 0, 1],
    ];
    const numbers = asTask(points, 'regression');
    expect(numbers.map(([, , target]) => target)).toEqual([-1, 1]);
    expect(asTask(numbers, 'classification')).toEqual(points);
    expect(classesIn(points)).toBe(2);
  });

  test('is undone step by step', () => {
    const history = new History<number>();
    history.keep(1);
    history.keep(2);
    expect([history.back(), history.back(), history.back()]).toEqual([2, 1, undefined]);
  });
});

describe('tables', () => {
  test('columns of a first line', () => {
    expect(columnsOf('a,b, c \n1,2,3')).toEqual(['a', 'b', 'c']);
    expect(columnsOf('\uFEFFa;b;"c, d"\r\n1;2;3')).toEqual(['a', 'b', 'c, d']);
    expect(columnsOf('# note\n\nx\ty')).toEqual(['x', 'y']);
    expect(columnsOf('"say ""hi""",b')).toEqual(['say "hi"', 'b']);
    expect(columnsOf('')).toEqual([]);
    expect(columnsOf(exampleTable())).toEqual(['width', 'height', 'decision']);
  });

  test.each([
    ['bars', 'a|b|c\n1|2|x\n3|4|y'],
    ['blanks', 'a b c\n1 2 x\n3 4 y'],
    ['a line for a spreadsheet', 'sep=;\na;b;c\n1;2;x\n3;4;y'],
    ['names of rows', ',a,b,c\n0,1,2,x\n1,3,4,y'],
    ['a name of two lines', '"a",b,"c"\n1,2,"x\ny"\n3,4,y'],
  ])('columns are those that the reader finds: %s', (_, text) => {
    expect(columnsOf(text)).toEqual(['a', 'b', 'c']);
  });

  test('columns of one name can be told apart, and commas in names are no delimiters', () => {
    expect(columnsOf('a,b,a\n1,2,x\n3,4,y')).toEqual(['a', 'b', 'a (2)']);
    expect(columnsOf('a,1;b,2;c\n1;2;x\n3;4;y')).toEqual(['a,1', 'b,2', 'c']);
  });

  test('a table that is refused, or cut where one looks, has columns to choose among all the same', () => {
    expect(columnsOf('a,b\n1,2,3\n1')).toEqual(['a', 'b']);
    expect(columnsOf(`a,b\n${'"1,\n2",x\n'.repeat(50_000)}`)).toEqual(['a', 'b']);
    expect(columnsOf(`a,b\n${'1,x\n'.repeat(100_000)}`)).toEqual(['a', 'b']);
  });

  test('whatever is pasted, columns are different and none is empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', ';', ' ', '#') }), (text) => {
        const columns = columnsOf(text);
        expect(new Set(columns).size).toBe(columns.length);
        expect(columns).not.toContain('');
      }),
    );
  });
});

test('every data set has a sketch that stays in its frame', () => {
  for (const name of DATA_NAMES) {
    const marks = sketchOf(name);
    expect(marks.length, name).toBeGreaterThan(10);
    for (const [x, y] of marks) expect(Math.max(Math.abs(x), Math.abs(y)), name).toBeLessThanOrEqual(1.12);
    expect([0, 1, 2].map((kind) => outlineOf(marks, kind as 0 | 1 | 2, 0.1)).join('')).toMatch(/^M/);
  }
});

test('the space bar is the page’s only while no control has the focus', () => {
  const press = (changes: object) =>
    isShortcut({
      key: ' ',
      altKey: false,
      ctrlKey: false,
      metaKey: false,
      repeat: false,
      defaultPrevented: false,
      target: null,
      ...changes,
    });
  const on = (id: string, control: string | null) => ({
    target: { id, closest: () => (control === null ? null : { id: control }) },
  });
  expect(press({})).toBe(true);
  expect(press(on('', null))).toBe(true);
  expect(press(on('part', 'part'))).toBe(true);
  expect(press(on('x', 'part'))).toBe(true);
  expect(press(on('preset', 'preset'))).toBe(false);
  for (const changes of [{ key: 'a' }, { ctrlKey: true }, { repeat: true }, { defaultPrevented: true }])
    expect(press(changes)).toBe(false);
});
