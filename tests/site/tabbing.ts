import type { Page } from 'playwright';

/** Where the Tab key goes on a page, as names of what it stops at. */
export interface Stops {
  /** All that can be used, in the order of the page. */
  readonly wanted: readonly string[];
  readonly reached: readonly string[];
  /** Of those reached: without a mark of the focus, and without a name. */
  readonly unseen: readonly string[];
  readonly unnamed: readonly string[];
}

/** Goes through the page by the Tab key, from its beginning until the focus leaves it or comes round. */
export async function stopsByTab(page: Page): Promise<Stops> {
  const wanted = await page.evaluate(() => {
    const usable = 'a[href], button, input, select, textarea, summary, [tabindex]';
    const isStop = (element: HTMLElement): boolean => {
      if (element.tabIndex < 0 || element.matches(':disabled')) return false;
      if (!element.checkVisibility({ visibilityProperty: true })) return false;
      // Of radio buttons of one name the one that is chosen
      if (!(element instanceof HTMLInputElement) || element.type !== 'radio') return true;
      const chosen = document.querySelector(`input[type=radio][name="${element.name}"]:checked`);
      return chosen === null || chosen === element;
    };
    const stops = [...document.querySelectorAll<HTMLElement>(usable)].filter(isStop);
    // A browser goes on from where one has clicked: here from the first stop.
    stops[0]?.focus();
    return stops.map((element, at) => {
      element.dataset.stop = `${at} ${element.outerHTML.slice(0, 120)}`;
      return element.dataset.stop;
    });
  });
  const reached: string[] = [];
  const unseen: string[] = [];
  const unnamed: string[] = [];
  // To the first once more, by the keyboard
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+Tab');
  while (reached.length < wanted.length + 20) {
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement || element instanceof SVGElement) || element === document.body) return null;
      const hasRing = (each: Element): boolean => {
        const { outlineStyle, outlineWidth } = getComputedStyle(each);
        return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
      };
      /** A mark of a chart shows the focus by its own lines. */
      const hasLines = (): boolean => {
        if (!(element instanceof SVGElement)) return false;
        const parts = [...element.querySelectorAll('*')];
        const look = (): string => parts.map((part) => getComputedStyle(part).strokeWidth).join();
        const focused = look();
        element.blur();
        const isOther = look() !== focused;
        element.focus();
        return isOther;
      };
      const ids = element.getAttribute('aria-labelledby')?.split(' ') ?? [];
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels : null;
      const names = [
        element.getAttribute('aria-label'),
        ...ids.map((id) => document.getElementById(id)?.textContent),
        ...[...(labels ?? [])].map((label) => label.textContent),
        element instanceof HTMLSelectElement ? '' : element.textContent,
      ];
      const label = element.closest('label');
      return {
        name: element.dataset.stop ?? `not listed: ${element.outerHTML.slice(0, 120)}`,
        isSeen: hasRing(element) || hasLines() || (label !== null && hasRing(label)),
        isNamed: names.some((name) => name != null && name.trim() !== ''),
      };
    });
    if (stop === null || stop.name === reached[0]) break;
    reached.push(stop.name);
    if (!stop.isSeen) unseen.push(stop.name);
    if (!stop.isNamed) unnamed.push(stop.name);
    await page.keyboard.press('Tab');
  }
  return { wanted, reached, unseen, unnamed };
}
