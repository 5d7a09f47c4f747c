const KEY = 'whittle-lab: guide';

/** Whether the guide has been closed here before. Where a browser keeps nothing, it has not. */
export function isDismissed(): boolean {
  try {
    return localStorage.getItem(KEY) === 'closed';
  } catch {
    return false;
  }
}

export function rememberDismissed(): void {
  try {
    localStorage.setItem(KEY, 'closed');
  } catch {
    // A browser that keeps nothing offers the guide again.
  }
}
