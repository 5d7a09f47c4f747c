import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { languageOf, readAddress, writeAddress } from '../../site/src/state/address.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { FIELDS, readSettings, writeSettings } from '../../site/src/state/fields.ts';
import { MOST_IN_ADDRESS, type Point, readPoints, snap, writePoints } from '../../site/src/state/points.ts';
import { lossesOf, RANGES, type Range, TASKS } from '../../site/src/state/ranges.ts';
import type { DataName, Settings } from '../../site/src/state/settings.ts';
import { expectValid, number, settings } from './settings.ts';

const point: fc.Arbitrary<Point> = fc
  .tuple(
    number({ min: -1, max: 1, isWhole: false }),
    number({ min: -1, max: 1, isWhole: false }),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(snap);

describe('the address of the page', () => {
  test('says all settings, and only those that differ', () => {
    fc.assert(
      fc.property(settings, settings, (wanted, defaults) => {
        expect(readSettings(`#${writeSettings(wanted, defaults)}`, defaults)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
    expect(writeSettings(DEFAULTS, DEFAULTS)).toBe('');
    expect(writeAddress({ settings: DEFAULTS, points: [[0, 0, 1]] }, DEFAULTS)).toBe('');
  });

  test('has a field for every setting', () => {
    const leaves = Object.values(DEFAULTS).flatMap((part) => (typeof part === 'string' ? [part] : Object.values(part)));
    expect(FIELDS).toHaveLength(leaves.length);
    expect(new Set(FIELDS.map(({ name }) => name)).size).toBe(FIELDS.length);
  });

  test('reads as one would write it', () => {
    const { data, network, training } = readSettings(
      '#data=moons&net=16tanh,8relu&rate=0.003&early=1&noise=0.25',
      DEFAULTS,
    );
    expect(data).toEqual({ ...DEFAULTS.data, name: 'moons', noise: 0.25 });
    expect(network.layers).toEqual([
      { units: 16, activation: 'tanh' },
      { units: 8, activation: 'relu' },
    ]);
    expect(training).toEqual({ ...DEFAULTS.training, learningRate: 0.003, earlyStopping: true });
    expect(readSettings('#net=none', DEFAULTS).network.layers).toEqual([]);
    expect(writeSettings(readSettings('#net=1elu,64silu', DEFAULTS), DEFAULTS)).toBe('net=1elu,64silu');
  });

  test('whatever it says, settings are valid', () => {
    const names = fc.constantFrom(...FIELDS.map(({ name }) => name), 'points', '__proto__', 'x');
    const values = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.string({ unit: fc.constantFrom('0', '1', '9', 'e', '-', '.', ',', 'relu', 'tanh', '%', 'none') }),
      fc.constantFrom('1e999', '-0', 'NaN', '0x10', '999999999999', '%E0%A4%A', '9999999relu'),
    );
    const fields = fc
      .array(fc.tuple(names, values), { maxLength: 12 })
      .map((list) => `#${list.map(([name, value]) => `${name}=${value}`).join('&')}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fields), (hash) => {
        const read = readAddress(hash, DEFAULTS);
        expectValid(read.settings);
        for (const [x, y, target] of read.points) {
          expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(1);
          expect(Math.abs(target)).toBeLessThanOrEqual(5);
        }
        // What is shown is what the address says from then on.
        const again = readAddress(writeAddress(read, DEFAULTS), DEFAULTS);
        expect(again.settings).toEqual(read.settings);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is out of range is clamped, what is no value is as by default', () => {
    const read = (hash: string) => readSettings(hash, DEFAULTS);
    expect(read('samples=5').data.samples).toBe(20);
    expect(read('samples=1e9').data.samples).toBe(2000);
    expect(read('samples=100.4').data.samples).toBe(100);
    expect(read('rate=-1').training.learningRate).toBe(RANGES.learningRate.min);
    expect(read('rate=fast').training.learningRate).toBe(DEFAULTS.training.learningRate);
    expect(read('net=100relu').network.layers).toEqual([{ units: 64, activation: 'relu' }]);
    expect(read('net=0relu').network.layers).toEqual([{ units: 1, activation: 'relu' }]);
    expect(read('net=16relu,16step').network.layers).toBe(DEFAULTS.network.layers);
    expect(read(`net=${'8elu,'.repeat(8)}8elu`).network.layers).toHaveLength(6);
    expect(read('bits=7').compress.bits).toBe(32);
    expect(read('shared=1').compress.shared).toBe(0);
    expect(read('tab=admin').tab).toBe('fit');
    expect(read('early=yes').training.earlyStopping).toBe(false);
    expect(read('samples=40&samples=60').data.samples).toBe(60);
  });

  test('who passes a link on may write its commas otherwise', () => {
    expect(readSettings('net=8tanh%2C4relu&noise=0%2e3', DEFAULTS)).toEqual(
      readSettings('net=8tanh,4relu&noise=0.3', DEFAULTS),
    );
    for (const wrong of ['net=%', 'net=%2', 'net=8tanh%2G4relu', 'net=%E0%A4%A'])
      expect(readSettings(wrong, DEFAULTS)).toEqual(DEFAULTS);
  });

  test('a loss fits its data', () => {
    for (const name of Object.keys(TASKS) as DataName[]) {
      const { data, training } = readSettings(`data=${name}&loss=huber`, DEFAULTS);
      expect(data.name).toBe(name);
      expect(lossesOf(name)).toContain(training.loss);
      expect(training.loss === 'huber').toBe(TASKS[name] !== 'classification');
    }
  });

  test('has drawn points while they are the data, and few', () => {
    const drawn: Settings = { ...DEFAULTS, data: { ...DEFAULTS.data, name: 'drawn' } };
    fc.assert(
      fc.property(fc.array(point, { maxLength: MOST_IN_ADDRESS }), (points) => {
        const hash = writeAddress({ settings: drawn, points }, DEFAULTS);
        expect(readAddress(hash, DEFAULTS)).toEqual({ settings: drawn, points });
        expect(writeAddress({ settings: DEFAULTS, points }, DEFAULTS)).toBe('');
      }),
      { numRuns: 100 },
    );
    const many = Array.from({ length: MOST_IN_ADDRESS + 1 }, (): Point => [0, 0, 1]);
    expect(writeAddress({ settings: drawn, points: many }, DEFAULTS)).toBe('#data=drawn');
    expect(readPoints(writePoints([[0.5, -1, 2]]))).toEqual([[0.5, -1, 2]]);
    expect(readPoints('zzzzzz')).toEqual([]);
    expect(readPoints('00')).toEqual([]);
  });

  test('its language is the reader’s where it says none', () => {
    expect(languageOf(['zh-CN', 'en'])).toBe('zh');
    expect(languageOf(['de-DE', 'en-GB', 'zh'])).toBe('en');
    expect(languageOf(['zho'])).toBe('en');
    expect(languageOf([])).toBe('en');
    const chinese: Settings = { ...DEFAULTS, language: 'zh' };
    expect(readSettings('', chinese).language).toBe('zh');
    expect(readSettings('lang=en', chinese).language).toBe('en');
    expect(writeSettings(DEFAULTS, chinese)).toBe('lang=en');
  });
});

test('a range holds what it is given', () => {
  for (const range of Object.values(RANGES) as Range[]) expect(range.min).toBeLessThan(range.max);
});
