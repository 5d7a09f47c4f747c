import fc from 'fast-check';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PRESETS } from '../../site/src/fit/controls/presets.ts';
import { readAddress, writeAddress } from '../../site/src/state/address.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { TABS } from '../../site/src/state/ranges.ts';
import { controlsOf, shownControls } from './controls-shown.ts';
import { watchEngine } from './person.ts';
import { binary, Site, WIDE } from './visit.ts';

/** Small enough that it learns in a blink. */
const START = '#samples=60&net=4tanh&epochs=3&tuning=10';
const SMALL = { ...WIDE, viewport: { width: 600, height: 500 }, reducedMotion: 'reduce' } as const;
const SEED = 21;
const PAGES = 4;
const SEQUENCES = 50;

/** Something that a person does. Where it is not there to be done, nothing happens. */
type Action =
  | { readonly do: 'set'; readonly control: number; readonly share: number }
  | { readonly do: 'press'; readonly button: (typeof BUTTONS)[number] }
  | { readonly do: 'tab'; readonly tab: (typeof TABS)[number] }
  | { readonly do: 'preset'; readonly preset: string }
  | { readonly do: 'neuron'; readonly at: number }
  | { readonly do: 'draw'; readonly x: number; readonly y: number }
  | { readonly do: 'key'; readonly key: string }
  | { readonly do: 'address'; readonly hash: string };

/** By words in both languages. */
const BUTTONS = [
  ...['Run', 'Pause', 'One epoch', 'Start over', 'Another seed', '+ Add a layer', 'Remove hidden layer 1'],
  ...['Pin this run', 'Unpin', 'Undo', 'Clear', 'Fill in an example', 'Use this table', 'Train it now', 'Close'],
  ...['Stop and compress', 'Back to the start', 'Make the file', 'Draw an example of 4', 'Show me', 'Next', 'Back'],
  ...['English', '中文'],
] as const;

const share = fc.double({ min: 0, max: 1, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('set' as const), control: fc.nat(45), share }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('press' as const), button: fc.constantFrom(...BUTTONS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tab' as const), tab: fc.constantFrom(...TABS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('preset' as const),
      preset: fc.constantFrom(...PRESETS.map(({ id }) => id)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('neuron' as const), at: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('draw' as const), x: share, y: share }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('key' as const),
      key: fc.constantFrom(' ', 'Shift+ ', 'Tab', 'Escape', 'Enter', 'ArrowRight', 'Backspace'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('address' as const),
      hash: fc.constantFrom(
        ...['', '#tab=compress', '#data=drawn', '#data=table&early=1', '#lang=zh&data=xor', '#rate=10&optimizer=sgd'],
        ...[
          '#net=none&data=sine&degree=12',
          '#tab=nowhere&net=&rate=fast',
          '#bits=8&qat=1&pattern=neurons',
          '#data=digits',
        ],
        ...['#points=abc&data=drawn', '#net=64relu,64relu,64relu&samples=2000', '#shared=1&student=0.1', '#%E0%A4%A'],
      ),
    }),
  },
);

describe.skipIf(binary === null)('whatever a person does', { timeout: 600_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site?.close());

  /** Does it, as soon as it can be done and without waiting for what it cannot. */
  async function act(page: Page, action: Action): Promise<void> {
    if (action.do === 'key') return page.keyboard.press(action.key.replace('+ ', '+Space').replace(/^ $/, 'Space'));
    if (action.do === 'draw') {
      const box = await page.evaluate(() => {
        const board = document.querySelector('main [role=application]');
        board?.scrollIntoView({ block: 'center' });
        const { x, y, width, height } = board?.getBoundingClientRect() ?? { x: 0, y: 0, width: 0, height: 0 };
        return { x, y, width, height };
      });
      if (box.width === 0) return;
      await page.mouse.move(box.x + action.x * box.width, box.y + action.y * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + action.y * box.width, box.y + action.x * box.height, { steps: 3 });
      return page.mouse.up();
    }
    await page.evaluate((action) => {
      const all = <E extends Element>(selector: string): E[] => [...document.querySelectorAll<E>(selector)];
      const named = (element: Element): string =>
        (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();
      if (action.do === 'address') location.hash = action.hash;
      if (action.do === 'tab') document.getElementById(`tab-${action.tab}`)?.click();
      if (action.do === 'neuron') all<HTMLElement>('[data-place]').at(action.at)?.click();
      if (action.do === 'press')
        all<HTMLElement>('button')
          .find((button) => named(button) === action.button)
          ?.click();
      if (action.do === 'preset') {
        const presets = document.querySelector<HTMLSelectElement>('#preset');
        if (presets !== null) presets.value = action.preset;
        presets?.dispatchEvent(new Event('change', { bubbles: true }));
      }
      if (action.do !== 'set') return;
      const controls = all<HTMLInputElement | HTMLSelectElement>('main :is(input, select):not([type=file], #preset)');
      const control = controls.at(action.control % Math.max(1, controls.length));
      if (control === undefined || control.disabled) return;
      if (control instanceof HTMLSelectElement) {
        control.selectedIndex = Math.floor(action.share * 0.999 * control.options.length);
        control.dispatchEvent(new Event('change', { bubbles: true }));
      } else if (control.type === 'radio' || control.type === 'checkbox') control.click();
      else {
        const [min, max] = [Number(control.min), Number(control.max)];
        control.value = String(min + Math.round(action.share * (max - min) * 1000) / 1000);
        control.dispatchEvent(new Event('input', { bubbles: true }));
        control.dispatchEvent(new Event('change', { bubbles: true }));
      }
    }, action);
  }

  /** The address is one that it writes itself, and the controls show what it says. */
  async function isValid(page: Page): Promise<void> {
    await expect
      .poll(
        async () => {
          const hash = await page.evaluate(() => location.hash);
          const addressed = readAddress(hash, DEFAULTS);
          const wanted = controlsOf(addressed.settings);
          const shown = await shownControls(page);
          const wrong = Object.entries(wanted).filter(
            ([label, values]) => shown[label] !== undefined && String(shown[label]) !== String(values),
          );
          const isOwn = writeAddress(addressed, DEFAULTS) === hash;
          return { hash: isOwn ? 'its own' : hash, wrong: wrong.map(([label, to]) => [label, to, shown[label]]) };
        },
        { timeout: 10_000 },
      )
      .toEqual({ hash: 'its own', wrong: [] });
  }

  /** From whatever is set: what it is asked to learn it learns. */
  async function answers(page: Page): Promise<void> {
    await page.evaluate((hash) => (location.hash = hash), START);
    await page.getByText(/^Epoch \d+ of 3$/).waitFor();
    const { started } = await page.evaluate(() => window.told);
    await page.getByRole('button', { name: 'Start over' }).click();
    await page.waitForFunction((before) => {
      if (window.told.started === before) return false;
      const isThrough = document.querySelector('.epoch')?.textContent?.trim() === 'Epoch 3 of 3';
      const run = [...document.querySelectorAll('button')].find((button) => button.textContent?.trim() === 'Run');
      if (!isThrough) run?.click();
      return isThrough;
    }, started);
  }

  test(`${PAGES * SEQUENCES} sequences of actions leave no error, a valid address and a page that answers`, async () => {
    const pages = Array.from({ length: PAGES }, (_, at) =>
      site.visit(
        START,
        SMALL,
        async (page) => {
          page.setDefaultTimeout(20_000);
          const wrong: string[] = [];
          page.on('pageerror', ({ message }) => wrong.push(message));
          page.on('console', (message) => wrong.push(message.text()));
          await fc.assert(
            fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 6 }), async (actions) => {
              for (const each of actions) await act(page, each);
              await isValid(page);
              await answers(page);
              expect(wrong.splice(0)).toEqual([]);
            }),
            { numRuns: SEQUENCES, seed: SEED + at, interruptAfterTimeLimit: 560_000, markInterruptAsFailure: true },
          );
        },
        watchEngine,
      ),
    );
    await Promise.all(pages);
  });
});
