import '../style.css';
import './page.css';

/** The page that shows the element: its snippets can be copied. */
const status = document.querySelector('[role=status]');
for (const button of document.querySelectorAll('.snippet button')) {
  const code = button.parentElement?.querySelector('code');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code?.textContent ?? '');
      button.textContent = 'Copied';
      if (status !== null) status.textContent = 'The snippet is copied.';
    } catch {
      button.textContent = 'Select the text and copy it: this browser did not allow it';
      if (code != null) getSelection()?.selectAllChildren(code);
    }
  });
}
