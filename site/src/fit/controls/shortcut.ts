/** What takes the space bar for itself. */
const CONTROLS = 'button, a, input, select, textarea, summary, [role], [tabindex], [contenteditable]';

/** Whether a press of the space bar is meant for the page: no control has the focus, and no other key is held but Shift. */
export function isShortcut(
  event: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'repeat' | 'defaultPrevented' | 'target'>,
): boolean {
  if (event.key !== ' ' || event.altKey || event.ctrlKey || event.metaKey || event.repeat || event.defaultPrevented)
    return false;
  const target = event.target as Partial<Element> | null;
  // The content itself takes the focus of the skip link, and takes no keys.
  return target?.id === 'part' || target?.closest?.(CONTROLS) == null || target.closest(CONTROLS)?.id === 'part';
}
