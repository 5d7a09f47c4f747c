import { describe, expect, test } from 'vitest';
import { shortNames } from '../../lab/src/short-names.ts';

describe('names as they are shown', () => {
  test('are one part of fused ones, and the last where the first does not tell them apart', () => {
    expect(shortNames(['relu;norm;conv', 'sum;add']).names).toEqual(['relu', 'sum']);
    expect(shortNames(['relu;conv', 'relu;pool']).names).toEqual(['conv', 'pool']);
  });

  test('lose the folders and endings that most share, unless two become one', () => {
    expect(shortNames(['model/a/Relu', 'model/b/Relu', 'x'])).toEqual({
      names: ['a', 'b', 'x'],
      left: ['without model/ and /Relu'],
    });
    expect(shortNames(['model/a', 'model/b', 'a']).names).toEqual(['model/a', 'model/b', 'a']);
  });

  test('of any depth take little time', () => {
    const deep = 'a/'.repeat(100_000);
    expect(shortNames([`${deep}x`, `${deep}y`]).names).toHaveLength(2);
  });
});
