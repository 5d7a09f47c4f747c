export interface Example {
  readonly code: string;
  /** What it prints; null if the page does not say. */
  readonly printed: string | null;
  readonly line: number;
}
export function examplesIn(text: string, language: string): Example[];
