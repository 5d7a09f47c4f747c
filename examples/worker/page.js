// What the page does: it starts a worker and shows what that says. Nothing here computes.
const [status, progress, clock, epochs] = ['status', 'progress', 'clock', 'epochs'].map((id) =>
  document.getElementById(id),
);
const begun = performance.now();
setInterval(() => {
  clock.textContent = ((performance.now() - begun) / 1000).toFixed(1);
}, 50);

const asked = new URLSearchParams(location.search);
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
worker.onerror = ({ message }) => {
  status.textContent = `The worker failed: ${message}`;
};
worker.onmessage = ({ data }) => {
  if (data.kind === 'begun')
    status.textContent = `Training ${data.parameters.toLocaleString('en')} weights (${data.kernels}).`;
  else if (data.kind === 'batch') progress.value = data.done;
  else if (data.kind === 'epoch') {
    const cells = [data.epoch, data.loss.toFixed(4), `${(100 * data.accuracy).toFixed(1)} %`];
    epochs
      .insertRow()
      .append(...cells.map((text) => Object.assign(document.createElement('td'), { textContent: text })));
  } else
    status.textContent = `Done: ${(100 * data.accuracy).toFixed(1)} % of 360 digits that it has not seen are named right.`;
};
worker.postMessage({ epochs: Number(asked.get('epochs') ?? 15) });
