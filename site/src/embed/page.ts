import '../style.css';
import './page.css';
import { languageOf, readAddress } from '../state/address.ts';
import { DEFAULTS } from '../state/defaults.ts';
import { embedPage as en } from '../text/en/embed-page.ts';
import { embedPage as zh } from '../text/zh/embed-page.ts';

/** The page that shows the element, in the language of `?lang=`, else the reader's own; its snippets can be copied. */
const asked = readAddress(location.search.slice(1), { ...DEFAULTS, language: languageOf(navigator.languages) });
const { language } = asked.settings;
const text = { en, zh }[language];

document.documentElement.lang = { en: 'en', zh: 'zh-Hans' }[language];
// Those that say none are already there, and were asked in the language of the markup.
for (const element of document.querySelectorAll('whittle-lab:not([language])'))
  element.setAttribute('language', language);
document.title = text.documentTitle;
for (const element of document.querySelectorAll<HTMLElement>('[data-words]')) {
  const words = Object.entries(text).find(([name]) => name === element.dataset.words)?.[1] ?? '';
  // What stands between backticks is code.
  const parts = words.split('`').map((part, i) => {
    if (i % 2 === 0) return part;
    const code = document.createElement('code');
    code.textContent = part;
    return code;
  });
  element.replaceChildren(...parts);
}
for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-language]')) {
  if (link.dataset.language === language) link.setAttribute('aria-current', 'true');
}

const status = document.querySelector('[role=status]');
for (const button of document.querySelectorAll('.snippet button')) {
  const code = button.parentElement?.querySelector('code');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code?.textContent ?? '');
      button.textContent = text.copied;
      if (status !== null) status.textContent = text.isCopied;
    } catch {
      button.textContent = text.notCopied;
      if (code != null) getSelection()?.selectAllChildren(code);
    }
  });
}
