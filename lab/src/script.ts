/**
 * The page's script: it shows the exact figure of a chart or matrix next to the pointer or the finger, and, for the
 * keyboard, at the figure that the arrow keys have come to. A chart has its spots in `data-tips`, in its own units; the
 * cells of a matrix (`data-spots`) have their texts in `data-tip`. Of a chart whose lines are parts the line that is shown
 * comes forward. Texts are set as texts only.
 */
export const SCRIPT = `'use strict';
(() => {
  const tip = document.getElementById('tip');
  const ring = document.getElementById('ring');
  let host = null;
  let at = -1;
  const centre = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2, width, height, text: element.dataset.tip };
  };
  const spotsOf = (element) => {
    if (element.dataset.tips === undefined) return [...element.querySelectorAll('[data-tip]')].map(centre);
    const { a, d, e, f } = element.getScreenCTM();
    return JSON.parse(element.dataset.tips).map(([x, y, text, part]) => ({ x: a * x + e, y: d * y + f, text, part }));
  };
  const bringForward = (part) => {
    if (host === null) return;
    for (const { classList } of host.querySelectorAll('.part')) {
      const isIt = classList.contains('of-' + part);
      classList.toggle('fore', isIt);
      classList.toggle('faint', part !== undefined && !isIt);
    }
  };
  const hide = () => {
    bringForward();
    host = null;
    tip.hidden = ring.hidden = true;
  };
  const show = (element, spots, index) => {
    if (host !== element) bringForward();
    host = element;
    at = index;
    bringForward(spots[index].part);
    const { x, y, text, width: across = 12, height: down = 12 } = spots[index];
    if (tip.textContent !== text) tip.textContent = text;
    tip.hidden = ring.hidden = false;
    Object.assign(ring.style, { left: x + 'px', top: y + 'px', width: across + 'px', height: down + 'px' });
    ring.style.borderRadius = across > 12 ? '4px' : '50%';
    const { width, height } = tip.getBoundingClientRect();
    const room = document.documentElement.clientWidth - width - 8;
    tip.style.left = Math.max(8, Math.min(room, x - width / 2)) + 'px';
    const gap = down / 2 + 8;
    tip.style.top = (y - height - gap > 0 ? y - height - gap : y + gap) + 'px';
  };
  const nearest = (event) => {
    const element = event.target.closest('[data-tips], [data-spots]');
    if (element === null) return hide();
    const spots = spotsOf(element);
    const far = ({ x, y }) => (x - event.clientX) ** 2 + (y - event.clientY) ** 2;
    if (spots.length > 0) show(element, spots, spots.reduce((best, spot, i) => (far(spot) < far(spots[best]) ? i : best), 0));
  };
  document.addEventListener('pointermove', nearest);
  document.addEventListener('pointerdown', nearest);
  // A finger that is lifted leaves too, and what it asked for is to stay.
  document.documentElement.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && hide());
  const follow = () => {
    if (host !== null) show(host, spotsOf(host), at);
  };
  document.addEventListener('scroll', follow, { capture: true, passive: true });
  addEventListener('resize', follow);
  document.addEventListener('focusout', hide);
  document.addEventListener('focusin', ({ target }) => {
    if (!target.matches('[data-tips]:focus-visible, [data-spots]:focus-visible')) return;
    const spots = spotsOf(target);
    if (spots.length > 0) show(target, spots, 0);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide();
    if (!event.target.matches('[data-tips], [data-spots]')) return;
    const row = event.target.querySelectorAll('tbody tr:first-child td').length || 1;
    const steps = { ArrowRight: 1, ArrowDown: row, ArrowLeft: -1, ArrowUp: -row };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const spots = spotsOf(event.target);
    const next = host === event.target ? (at + step + spots.length) % spots.length : 0;
    if (spots.length > 0) show(event.target, spots, next);
  });
})();
`;
