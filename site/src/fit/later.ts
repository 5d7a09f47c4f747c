/** What one sees of fitting only after doing something; each is loaded then, or while the page is idle. */
export const LATER = {
  compare: async () => (await import('./visual/Compare.svelte')).default,
  draw: async () => (await import('./controls/DrawPoints.svelte')).default,
  explain: async () => (await import('./visual/Explanation.svelte')).default,
  guide: async () => (await import('./controls/GuideSteps.svelte')).default,
  table: async () => (await import('./controls/TableInput.svelte')).default,
};
