import { APART, EXACT, FLASH, roomText, wideText } from './c-guards.ts';
import { namesOf, ROUTINES } from './c-routines.ts';
import { type PortText, portType, type RunText } from './c-run.ts';
import { commented, float, indented, joined } from './c-text.ts';

/** What a file says. */
export interface FileText {
  readonly name: string;
  readonly run: RunText;
  readonly inputs: readonly (PortText & { readonly entries: number })[];
  /** Of the outputs to the numbers of the self-test. */
  readonly digest: number;
  /** Whether nothing is left out at the end of an output. */
  readonly isWhole: boolean;
}

const parameters = ({ inputs, run: { outputs } }: FileText): string =>
  [
    ...inputs.map((port) => `const ${portType(port)} *${port.name}`),
    ...outputs.map((port) => `${portType(port)} *${port.name}`),
  ].join(', ');

const macro = ({ name }: FileText, port: PortText, what: string): string =>
  `${name}_${port.name}_${what}`.toUpperCase();
const sizeOf = (file: FileText, port: PortText): string => macro(file, port, 'SIZE');

/** What int8 of an input stands for. */
const formatText = (file: FileText, port: PortText): string[] =>
  port.format === null
    ? []
    : [
        `#define ${macro(file, port, 'SCALE')} ${float(port.format.scale)} /* int8 is the nearest number to real / scale + zero point */`,
        `#define ${macro(file, port, 'ZERO_POINT')} (${port.format.zeroPoint})`,
      ];

/** Bytes of static memory that a run needs. */
const memoryOf = ({ run: { memory, isRealMemory, apartBytes } }: FileText): number =>
  Math.ceil(memory.bytes / (isRealMemory ? 4 : 1)) * (isRealMemory ? 4 : 1) + apartBytes;

export function headerText(file: FileText): string {
  const { name, inputs, run } = file;
  const guard = `WHITTLE_${name.toUpperCase()}_H`;
  const sizes = [...inputs, ...run.outputs].flatMap((port) => [
    `#define ${sizeOf(file, port)} ${port.size} /* ${commented(port.title)} [${port.shape.join(', ')}] */`,
    ...formatText(file, port),
  ]);
  return `/* A network, made by toC of whittle-ml. */
#ifndef ${guard}
#define ${guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

${sizes.join('\n')}
#define ${name.toUpperCase()}_MEMORY ${memoryOf(file)} /* bytes that a run works in */

/* Computes the outputs for one sample, one run at a time; they must not overlap the inputs. 0, or 1 where an index is outside
   of its table. */
int ${name}_run(${parameters(file)});

/* 1 where a run on numbers of its own gives the bits that it has to, else 0. */
int ${name}_self_test(void);

#ifdef __cplusplus
}
#endif

#endif
`;
}

export function sourceText(file: FileText): string {
  const { name, run } = file;
  const { products, declarations, lines, memory } = run;
  const names = namesOf(run.routines);
  const routines = names.map((each) => ROUTINES[each]);
  const isContracted = products.isContracted || routines.some((routine) => routine.isContracted === true);
  const wide = names.filter((each) => ROUTINES[each].isDouble === true);
  const structures = routines.filter(({ text }) => text === ROUTINES.window.text);
  const others = routines.filter((routine) => !structures.includes(routine));
  const hasSizes = structures.length > 0 || products.layers !== '';
  const isRead = ({ name: port }: PortText): boolean => lines.some((line) => new RegExp(`\\b${port}\\b`).test(line));
  const unread = file.inputs.filter((port) => !isRead(port)).map((port) => `(void)${port.name};`);
  const constants = [products.layers, ...declarations, ...lines].join('\n');
  const parts = [
    `/* A network, made by toC of whittle-ml. */\n#include "${name}.h"\n#include <string.h>`,
    /\b(NAN|INFINITY)\b/.test(constants) ? '#include <math.h> /* NAN and INFINITY alone */' : null,
    wide.length === 0 ? null : wideText(wide, file.isWhole),
    EXACT,
    isContracted ? APART : null,
    FLASH,
    roomText(constants),
    hasSizes
      ? `typedef ${run.mostOf < 65536 ? 'uint16_t' : 'uint32_t'} size_of; /* of what is known of layers */`
      : null,
    ...[...structures, ...others].map(({ text }) => text),
    products.routines === '' ? null : products.routines,
    products.layers === '' ? null : products.layers,
    ...declarations,
    memory.bytes === 0 ? null : memoryText(run),
    `int ${name}_run(${parameters(file)})\n{\n${indented(joined(...unread, ...lines, 'return 0;'))}\n}`,
    selfTestText(file),
  ];
  return `${parts.filter((part) => part !== null).join('\n\n')}\n`;
}

const memoryText = ({ memory: { bytes }, isRealMemory }: RunText): string =>
  isRealMemory ? `static float memory[${Math.ceil(bytes / 4)}];` : `static int8_t memory[${bytes}];`;

/** Inputs as `testNumbers` makes them, and the digest of what comes of them. */
function selfTestText(file: FileText): string {
  const { name, inputs, run, digest } = file;
  const { outputs } = run;
  const all = [...inputs, ...outputs];
  const filled = inputs.map((port) => {
    const real = '(float)((int32_t)((state >> 16) ^ 0x8000u) - 0x8000) / 8192.0f';
    const made = {
      int32: `(int32_t)((state >> 16) % ${port.entries}u)`,
      int8: `quantized(${real} / ${macro(file, port, 'SCALE')}, ${macro(file, port, 'ZERO_POINT')})`,
      float32: real,
    }[port.type];
    return `for (size_t i = 0; i < ${sizeOf(file, port)}; i++) {
  state = state * 1664525u + 1013904223u;
  ${port.name}[i] = ${made};
}`;
  });
  const hashed = outputs.map(
    (port) => `for (size_t i = 0; i < ${sizeOf(file, port)}; i++) {
  uint32_t bits;
  memcpy(&bits, ${port.name} + i, sizeof bits);${port.type === 'int32' ? '' : `\n  if (${port.name}[i] != ${port.name}[i] || ${port.name}[i] == 0) bits = 0; /* NaN, -0 */`}
  for (int byte = 0; byte < 4; byte++, bits >>= 8) hash = (hash ^ (bits & 255)) * 16777619u;
}`,
  );
  const body = joined(
    ...all.map((port) => `static ${portType(port)} ${port.name}[${sizeOf(file, port)}];`),
    'uint32_t state = 1, hash = 2166136261u;',
    ...filled,
    `if (${name}_run(${all.map((port) => port.name).join(', ')})) return 0;`,
    ...hashed,
    `return hash == ${digest}u;`,
  );
  return `int ${name}_self_test(void)\n{\n${indented(body)}\n}`;
}
