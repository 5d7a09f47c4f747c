import { SCRIPT as TIPS } from '../script.ts';

/**
 * The page's script: figures of charts beside the pointer, as on all pages, and the language, which is the browser's first of
 * the two until a button says otherwise. Without it the page is in English.
 */
export const SCRIPT = `${TIPS}
(() => {
  const buttons = [...document.querySelectorAll('.switch button')];
  const choose = (language) => {
    document.documentElement.lang = language;
    document.title = document.body.querySelector('h1 [lang="' + language + '"]').textContent;
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.lang === language));
  };
  const first = (navigator.languages ?? [navigator.language]).find((name) => /^(en|zh)\\b/i.test(name)) ?? 'en';
  choose(first.slice(0, 2).toLowerCase());
  document.querySelector('.switch').hidden = false;
  for (const button of buttons) button.addEventListener('click', () => choose(button.lang));
})();
`;
