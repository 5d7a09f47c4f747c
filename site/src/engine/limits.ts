/** Bytes of a file that is opened: larger ones are no networks for a page. */
export const MOST_BYTES = 64 * 2 ** 20;
