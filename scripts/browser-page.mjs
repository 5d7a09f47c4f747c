// Runs in a page that chromium.mjs serves: trains as the address asks for, reports, and goes to the next page. What is
// said on the console is kept; the one line that gets through tells chromium.mjs where this page ends.
const asked = new URLSearchParams(location.search);
const said = [];
const { info } = console;
for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
  console[level] = (...values) => said.push(`${level}: ${values.join(' ')}`);
}

async function run() {
  if (asked.has('modules')) return { digests: (await import('/.cache/modules/digests.mjs')).digests() };
  const { digests } = await import('./training.mjs');
  const { backend } = await import('../dist/src/index.js');
  const text = await (await fetch('/data/wine.csv')).text();
  const options = {
    table: asked.get('table'),
    replay: asked.get('replay') === 'on',
    threads: Number(asked.get('threads')),
  };
  const found = await digests(text, options);
  const { name, reason } = backend();
  return { digests: found, table: name, reason, said, isIsolated: crossOriginIsolated };
}

const result = await run().catch((error) => ({ error: String(error) }));
info.call(console, `end of page ${asked.get('page')}`);
const answer = await fetch(`/result/${asked.get('page')}`, { method: 'POST', body: JSON.stringify(result) });
const next = await answer.text();
if (next !== '') location.href = next;
