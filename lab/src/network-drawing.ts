import { inkOf } from './ink.ts';

/** The script of the page where rows are images, as a function: draws lines and makes pixels of them. */
export const DRAWING = `(facts, onPixels) => {
  const { height, width, channels, names, blank, full, radius } = facts.image;
  const at = (id) => document.getElementById(id);
  const paper = at('paper'), seen = at('seen');
  const scale = Math.max(4, Math.round(640 / Math.max(height, width)));
  paper.width = width * scale;
  paper.height = height * scale;
  seen.width = width;
  seen.height = height;
  let lines = [], isDown = false;
  const pen = { x: width / 2, y: height / 2, isShown: false };
  const inkOf = ${inkOf};
  const isWhole = Number.isInteger(blank) && Number.isInteger(full) && Math.abs(full - blank) >= 16;
  const valueOf = (part) => {
    const value = blank + (full - blank) * part;
    return isWhole ? Math.round(value) : value;
  };
  const show = () => {
    const { color } = getComputedStyle(paper);
    const context = paper.getContext('2d');
    context.clearRect(0, 0, paper.width, paper.height);
    context.strokeStyle = context.fillStyle = color;
    context.globalAlpha = 0.12;
    context.lineWidth = 1;
    for (let i = 1; i < width && width <= 16; i++) context.strokeRect(i * scale, -1, 0, paper.height + 2);
    for (let i = 1; i < height && height <= 16; i++) context.strokeRect(-1, i * scale, paper.width + 2, 0);
    context.globalAlpha = 1;
    context.lineCap = context.lineJoin = 'round';
    context.lineWidth = 2 * radius * scale;
    for (const line of lines) {
      context.beginPath();
      for (const [x, y] of [line[0], ...line]) context.lineTo(x * scale, y * scale);
      context.stroke();
    }
    if (pen.isShown) {
      context.lineWidth = 3;
      context.globalAlpha = 0.6;
      context.beginPath();
      context.arc(pen.x * scale, pen.y * scale, 1.4 * radius * scale, 0, 7);
      context.stroke();
    }
  };
  const update = () => {
    show();
    const parts = inkOf(facts.image, lines, at('fit').checked);
    const image = seen.getContext('2d');
    image.clearRect(0, 0, width, height);
    image.fillStyle = getComputedStyle(paper).color;
    parts.forEach((part, i) => {
      image.globalAlpha = part;
      image.fillRect(i % width, Math.floor(i / width), 1, 1);
    });
    const values = parts.map(valueOf);
    const texts = values.map((value) => String(Number(value.toPrecision(6))));
    const longest = Math.max(...texts.map(({ length }) => length));
    at('numbers').textContent = Array.from({ length: height }, (_, row) =>
      texts.slice(row * width, (row + 1) * width).map((text) => text.padStart(longest)).join(' '),
    ).join('\\n');
    const row = {};
    names.forEach((name, i) => {
      if (name !== null) row[name] = values[Math.floor(i / channels)];
    });
    onPixels(lines.length === 0 ? null : row);
  };
  const placeOf = ({ clientX, clientY }) => {
    const box = paper.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * width, ((clientY - box.top) / box.height) * height];
  };
  const tell = (text) => (at('pen').textContent = text);
  paper.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    paper.setPointerCapture(event.pointerId);
    pen.isShown = isDown = false;
    lines.push([placeOf(event)]);
    update();
  });
  paper.addEventListener('pointermove', (event) => {
    if (!paper.hasPointerCapture(event.pointerId)) return;
    lines.at(-1).push(...(event.getCoalescedEvents?.() ?? [event]).map(placeOf));
    update();
  });
  const back = () => {
    lines.pop();
    isDown = false;
    tell(lines.length === 0 ? 'The paper is empty.' : 'The last line is taken back.');
    update();
  };
  const clear = () => {
    lines = [];
    isDown = false;
    tell('The paper is empty.');
    update();
  };
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  paper.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step === undefined && ![' ', 'Backspace', 'Delete'].includes(event.key)) return;
    event.preventDefault();
    if (event.key === 'Backspace') return back();
    if (event.key === 'Delete') return clear();
    pen.isShown = true;
    const stride = Math.max(0.5, height / 32);
    if (step !== undefined) {
      pen.x = Math.max(0, Math.min(width, pen.x + step[0] * stride));
      pen.y = Math.max(0, Math.min(height, pen.y + step[1] * stride));
      if (isDown) lines.at(-1).push([pen.x, pen.y]);
    } else {
      isDown = !isDown;
      if (isDown) lines.push([[pen.x, pen.y]]);
    }
    const rest = [pen.y, pen.x].map((x) => Number(x.toFixed(1)));
    tell((isDown ? 'Pen down' : 'Pen up') + ', row ' + rest[0] + ', column ' + rest[1] + '.');
    update();
  });
  paper.addEventListener('focusout', () => {
    pen.isShown = isDown = false;
    show();
  });
  at('undo').addEventListener('click', back);
  at('clear').addEventListener('click', clear);
  at('fit').addEventListener('change', update);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', update);
  update();
}`;
