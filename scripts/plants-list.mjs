/** Faults that were made, or nearly made, in libraries of this kind, by the part they are planted in. See plants.mjs. */
import { plants as afterCare } from './plants/after-care.mjs';
import { plants as autograd } from './plants/autograd.mjs';
import { plants as coded } from './plants/coded.mjs';
import { plants as codes } from './plants/codes.mjs';
import { plants as commands } from './plants/commands.mjs';
import { plants as compression } from './plants/compression.mjs';
import { plants as devices } from './plants/devices.mjs';
import { plants as exports } from './plants/exports.mjs';
import { plants as features } from './plants/features.mjs';
import { plants as files } from './plants/files.mjs';
import { plants as formats } from './plants/formats.mjs';
import { plants as graph } from './plants/graph.mjs';
import { plants as kernels } from './plants/kernels.mjs';
import { plants as lowRank } from './plants/low-rank.mjs';
import { plants as memory } from './plants/memory.mjs';
import { plants as metrics } from './plants/metrics.mjs';
import { plants as modules } from './plants/modules.mjs';
import { plants as packages } from './plants/packages.mjs';
import { plants as papers } from './plants/papers.mjs';
import { plants as pareto } from './plants/pareto.mjs';
import { plants as quantization } from './plants/quantization.mjs';
import { plants as report } from './plants/report.mjs';
import { plants as resuming } from './plants/resuming.mjs';
import { plants as searching } from './plants/searching.mjs';
import { plants as sharing } from './plants/sharing.mjs';
import { plants as site } from './plants/site.mjs';
import { plants as tables } from './plants/tables.mjs';
import { plants as teaching } from './plants/teaching.mjs';
import { plants as threads } from './plants/threads.mjs';
import { plants as training } from './plants/training.mjs';

export const plants = [
  ...afterCare,
  ...autograd,
  ...coded,
  ...codes,
  ...commands,
  ...compression,
  ...devices,
  ...exports,
  ...features,
  ...files,
  ...formats,
  ...graph,
  ...kernels,
  ...lowRank,
  ...memory,
  ...metrics,
  ...modules,
  ...packages,
  ...papers,
  ...pareto,
  ...quantization,
  ...report,
  ...resuming,
  ...searching,
  ...sharing,
  ...site,
  ...tables,
  ...teaching,
  ...threads,
  ...training,
];
