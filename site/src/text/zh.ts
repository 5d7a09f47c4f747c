import type { Text } from './text.ts';
import { article } from './zh/article.ts';
import { compress } from './zh/compress.ts';
import { digits } from './zh/digits.ts';
import { fit } from './zh/fit.ts';
import { controls } from './zh/fit-controls.ts';
import { kernels } from './zh/kernels.ts';
import { refusals } from './zh/refusals.ts';
import { shell } from './zh/shell.ts';

/** All words at once, for tests. */
export const zh: Text = { shell, fit, controls, refusals, compress, digits, kernels, article };
