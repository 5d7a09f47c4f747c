import { article } from './en/article.ts';
import { compress } from './en/compress.ts';
import { digits } from './en/digits.ts';
import { fit } from './en/fit.ts';
import { controls } from './en/fit-controls.ts';
import { kernels } from './en/kernels.ts';
import { refusals } from './en/refusals.ts';
import { shell } from './en/shell.ts';

/** All words at once, for types and tests: the page loads them by parts (words.ts). */
export const en = { shell, fit, controls, refusals, compress, digits, kernels, article };
