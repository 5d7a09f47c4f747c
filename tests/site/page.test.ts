import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binary, NARROW, Site, violations, WIDE } from './visit.ts';

describe.skipIf(binary === null)('the page', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  test.each(
    ['fit', 'compress', 'digits', 'kernels', 'article'].flatMap((tab) => [WIDE, NARROW].map((at) => ({ tab, at }))),
  )('$tab has nothing that axe finds', async ({ tab, at }) => {
    await site.visit(`#tab=${tab}`, at, async (page) => {
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await violations(page)).toEqual([]);
    });
  });
});
