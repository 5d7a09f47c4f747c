import { describe, expect, test } from 'vitest';
import { parseGpuOptions } from '../../bench/gpu/options.ts';
import { run } from '../../bench/gpu/run.ts';
import { FULL, QUICK } from '../../bench/options.ts';

async function bench(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const text = { output: '', errors: '' };
  const sinkOf = (name: keyof typeof text) => ({
    write: (part: string): void => {
      text[name] += part;
    },
  });
  const code = await run(args, { output: sinkOf('output'), errors: sinkOf('errors') });
  return { code, ...text };
}

test('without options every row is timed at full length on the software rasteriser, and nothing is written', () => {
  expect(parseGpuOptions([])).toEqual({
    ...{ help: false, filter: '', quick: false, hardware: false, serve: false, save: false },
    settings: FULL,
  });
  expect(parseGpuOptions(['--quick', '--filter', 'train']).settings).toEqual(QUICK);
});

test('help lists every option', async () => {
  const { code, output } = await bench('--help');
  expect(code).toBe(0);
  for (const option of ['--filter', '--quick', '--hardware', '--serve', '--save', '--help'])
    expect(output).toContain(option);
});

describe('a wrong option gives one line and exit code 2', () => {
  test.each([
    [['--fast'], "bench: Unknown option '--fast'; --help lists the options"],
    [['matmul'], "bench: Unexpected argument 'matmul'"],
    [['--filter'], "bench: Option '--filter <value>' argument missing"],
    [['--filter', ''], 'bench: --filter is empty'],
    [['--filter', 'nothing'], `bench: no row's name contains "nothing"; there are matmul, int8, train, predict`],
    [['--serve', '--save'], 'bench: --save does not go with --serve: the page has a link to its samples'],
    [['--serve', '--hardware'], 'bench: --hardware does not go with --serve: your browser chooses the device'],
  ])('%j', async (args, message) => {
    const { code, output, errors } = await bench(...args);
    expect(errors).toContain(message);
    expect(errors.indexOf('\n')).toBe(errors.length - 1);
    expect([code, output]).toEqual([2, '']);
  });
});
