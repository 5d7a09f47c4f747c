import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { tensor } from 'whittle-ml';
import { tableFromCSV } from 'whittle-ml/data';
import type { Claim } from '../../lab/src/article/claim.ts';
import { shownClaim, shownResult } from '../../lab/src/article/shown.ts';
import { compared } from '../../site/src/article/compare.ts';
import { grouped } from '../../site/src/article/listed.ts';
import { Measuring, SEEDS, type Sources } from '../../site/src/article/measuring.ts';
import type { Event } from '../../site/src/article/messages.ts';
import { nearest, spotsOf, stepped } from '../../site/src/article/tips.ts';
import { article as en } from '../../site/src/text/en/article.ts';
import { article as zh } from '../../site/src/text/zh/article.ts';
import { claim, clocked, report } from '../lab/article-fixture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the claims', () => {
  test('ask for nothing of Node, so that they run in a page', async () => {
    const folder = join(root, 'lab/src/article/claims');
    const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    const lines = [...names.map((name) => join(folder, name)), join(root, 'site/src/article/measuring.ts')];
    const bundle = await rolldown({
      input: 'claims',
      platform: 'browser',
      treeshake: false,
      external: (id) => isBuiltin(id),
      plugins: [
        {
          name: 'claims',
          resolveId: (id) => (id === 'claims' ? id : null),
          load: (id) =>
            id === 'claims'
              ? lines.map((path, i) => `export * as c${i} from ${JSON.stringify(path)};`).join('\n')
              : null,
        },
      ],
      logLevel: 'silent',
    });
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
    await bundle.close();
    expect(names.length).toBeGreaterThan(70);
    expect(output.flatMap((file) => (file.type === 'chunk' ? [...file.imports, ...file.dynamicImports] : []))).toEqual(
      [],
    );
  });

  test('and their results are plain data, with a chart that the policy of the page lets through', () => {
    for (const result of report().results) {
      const plain = { claim: shownClaim(result.claim, ' code\n'), result: shownResult(result) };
      expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
      for (const svg of [plain.result.chart.en, plain.result.chart.zh]) {
        expect(svg).toMatch(/^<svg role="img" aria-label="[^"]+"/);
        expect(svg).not.toMatch(/style=|<style|<script|href=/);
      }
    }
    const [small] = report().results;
    expect(shownClaim(small!.claim, ' code\n')).toMatchObject({
      ...{ id: 'I.1-small', clock: false, quick: true, wanted: { en: '1 points or more' } },
      example: { after: 'code' },
    });
    expect(shownResult(small!)).toMatchObject({
      verdict: 'holds',
      reason: { en: 'From 1 to 3.2, by 2.2.' },
      effect: { en: '2.2 points (2 to 2.4)', zh: '2.2 个百分点（2 至 2.4）' },
      figures: [{ name: { zh: '之前' } }, { text: { en: '3.2 points (3 to 3.4)' } }, { text: { en: '1 (1 to 1)' } }],
    });
    expect(shownResult(small!).seeds[4]).toEqual({ seed: 4, before: 1, after: 3.4, loss: 1 });
  });
});

describe('measuring in the page', () => {
  const digits = async () => tableFromCSV('a,b\n1,2\n3,4\n', { target: 'b' });
  function measuring(claims: readonly Claim[], sources: Partial<Sources> = {}): { told: Event[]; of: Measuring } {
    const told: Event[] = [];
    const own = { claims, examples: new Map(), version: '1.2.3', digits, now: () => 0, ...sources };
    return { told, of: new Measuring(own, (event) => told.push(event)) };
  }
  const kinds = (told: readonly Event[]): string[] =>
    told.map((event) => (event.kind === 'list' ? 'list' : `${event.kind} ${event.id}`));

  test('lists the claims in the order of the article, without results', async () => {
    const { told, of } = measuring([clocked, claim]);
    await of.follow({ kind: 'list' });
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      kind: 'list',
      report: { version: '1.2.3', claims: [{ result: null }, { result: null }] },
    });
    const [{ report: listed }] = told as [Extract<Event, { kind: 'list' }>];
    expect(listed.claims.map((entry) => entry.claim.id)).toEqual(['I.1-small', 'II.6.1-clock']);
  });

  test('gives the figures of the same seeds as the recorded ones, seed by seed', async () => {
    const { told, of } = measuring([claim]);
    await of.follow({ kind: 'run', id: claim.id });
    const expected = shownResult(report().results[0]!);
    const steps = told.flatMap((event) => (event.kind === 'seed' ? [[event.done, event.of]] : []));
    expect(steps).toEqual([0, 1, 2, 3, 4, 5].map((done) => [done, SEEDS.length]));
    expect(told.at(-1)).toEqual({ kind: 'result', id: claim.id, result: expected, milliseconds: 0 });
  });

  test('measures one after another, and what is asked twice once', async () => {
    const { told, of } = measuring([claim, clocked]);
    const ids = [clocked.id, claim.id, claim.id, clocked.id];
    await Promise.all(ids.map((id) => of.follow({ kind: 'run', id })));
    expect(kinds(told).filter((text) => text.startsWith('result'))).toEqual([
      `result ${clocked.id}`,
      `result ${claim.id}`,
    ]);
  });

  test('ends after the seed that it is at, and forgets what waits', async () => {
    const seen: number[] = [];
    const slow: Claim = {
      ...claim,
      measure: (seed, context) => {
        seen.push(seed);
        if (seed === 1) void of.follow({ kind: 'stop' });
        return claim.measure(seed, context);
      },
    };
    const { told, of } = measuring([slow, clocked]);
    await Promise.all([claim.id, clocked.id].map((id) => of.follow({ kind: 'run', id })));
    expect(seen).toEqual([0, 1]);
    expect(kinds(told).filter((text) => !text.startsWith('seed'))).toEqual([
      `stopped ${clocked.id}`,
      `stopped ${claim.id}`,
    ]);
    await of.follow({ kind: 'run', id: clocked.id });
    expect(told.at(-1)).toMatchObject({ kind: 'result', id: clocked.id });
  });

  test('says what went wrong, and asks for the digits again after a failure', async () => {
    let tries = 0;
    const needy: Claim = {
      ...claim,
      measure: async (_, context) => {
        const { features } = await context.digits();
        return { before: 1, after: features.shape[0]!, loss: tensor([1]).item() };
      },
    };
    const fails = async () => {
      tries++;
      if (tries === 1) throw new Error('the server answered 500');
      return digits();
    };
    const { told, of } = measuring([needy], { digits: fails });
    await of.follow({ kind: 'run', id: claim.id });
    expect(told.at(-1)).toEqual({ kind: 'failed', id: claim.id, message: 'the server answered 500' });
    await of.follow({ kind: 'run', id: claim.id });
    expect(told.at(-1)).toMatchObject({ kind: 'result' });
    expect(tries).toBe(2);
    await of.follow({ kind: 'run', id: 'none' });
    expect(told.at(-1)).toMatchObject({ kind: 'failed', message: 'there is no claim none' });
  });
});

describe('what the part shows', () => {
  test('counts the figures that are the recorded ones to the last bit', () => {
    const recorded = shownResult(report().results[0]!);
    expect(compared(recorded, recorded)).toEqual({ same: 15, of: 15 });
    const other = {
      ...recorded,
      seeds: recorded.seeds.map((row) => ({ ...row, after: row.after! * (1 + 2 ** -52) })),
    };
    expect(compared(other, recorded)).toEqual({ same: 10, of: 15 });
    expect(compared({ ...recorded, seeds: [{ seed: 9, before: 1 }] }, recorded)).toEqual({ same: 0, of: 0 });
  });

  test('groups claims by part and section, in the order of the article', () => {
    const entries = report().results.map((result) => ({ claim: shownClaim(result.claim, ''), result: null }));
    const parts = grouped(entries).map(({ name, sections }) => [name, sections.map((section) => section.name)]);
    expect(parts).toEqual([
      ['I', ['I.1']],
      ['II', ['II.6.1']],
    ]);
    expect(grouped(entries.slice(1)).map(({ name }) => name)).toEqual(['II']);
    expect(grouped([])).toEqual([]);
  });

  test('finds the figure under the pointer, and goes through them by arrow keys', () => {
    const spots = spotsOf('[[0,0,"a"],[10,0,"b"],[10,10,"c",1]]');
    expect(spots.map(([, , text]) => text)).toEqual(['a', 'b', 'c']);
    expect([nearest(spots, 1, 1), nearest(spots, 9, 2), nearest(spots, 30, 30), nearest([], 0, 0)]).toEqual([
      0, 1, 2, -1,
    ]);
    expect([stepped('ArrowRight', 2, 3), stepped('ArrowUp', 0, 3), stepped('ArrowLeft', -1, 3)]).toEqual([0, 2, 0]);
    expect([stepped('Tab', 0, 3), stepped('ArrowDown', 0, 0)]).toEqual([null, null]);
    for (const damaged of [undefined, '', '{', '3', '[1,[2]]']) expect(spotsOf(damaged)).toEqual([]);
  });

  test('has each word in both languages', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    for (const words of [zh.lead(3), zh.running(0, 5), zh.differs(1, 5), zh.runShown(7)])
      expect(words).toMatch(/\p{sc=Han}/u);
    expect(en.running(0, 5)).toBe('Seed 1 of 5 …');
  });
});
