import { mount } from 'svelte';
import App from './shell/App.svelte';
import { browserDefaults } from './shell/defaults.ts';
import { PARTS } from './shell/parts.ts';
import { readAddress } from './state/address.ts';
import { Lab } from './state/lab.svelte.ts';
import { WORDS, Words } from './text/words.ts';
import './style.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has an element with the id app.');

const defaults = browserDefaults();
const addressed = readAddress(location.hash, defaults);
const { language, tab } = addressed.settings;
const words = new Words(language);
// The engine, the part and the words are loaded beside each other. A part that does not come says so in its place.
const lab = new Lab(words, addressed);
for (const load of [PARTS[tab], WORDS[language][tab]]) load().catch(() => {});
try {
  await words.need('fit');
} catch (error) {
  // There are no words to say it with but these.
  const { message } = error as Error;
  target.append(`The page could not be loaded: ${message} Is the connection there? Then load it again.`);
  throw error;
}
// What was to be seen before any code ran.
target.replaceChildren();
mount(App, { target, props: { lab, defaults } });
// A file that is dropped beside the place for it would take the page's.
addEventListener('dragover', (event) => {
  if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'none';
});
