// Machines that exported C is built for, with Debian's compilers, and what runs it there: this one, a Cortex-M4, RISC-V and AVR.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const isThere = ({ command }) => spawnSync(command, ['--version']).error === undefined;

/** Which of some tools are not there, and how to get them, in a sentence; null where all are. */
export function missingOf(tools) {
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length === 0) return null;
  return missing.map(({ command, packages }) => `${command} is missing: apt-get install ${packages}`).join('; ');
}

/** Whether a missing tool is a failure, as in CI. */
export const areToolsAsked = () => process.env.CI !== undefined || process.env.REQUIRE_C === '1';

/** What a command prints, on request among its errors too; these are in what it throws. */
export function told(command, args, input, withErrors = false) {
  const limits = { maxBuffer: 2 ** 28, timeout: 200_000 };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...limits,
    ...(input === undefined ? {} : { input }),
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ').slice(0, 200)}: ${stderr}`);
  return withErrors ? Buffer.concat([stdout, stderr]) : stdout;
}

/** Vectors, memory and the floating point unit of a Cortex-M4, and messages to the debugger (ARM's semihosting). */
const CORTEX_START = `#include <stdint.h>
extern uint32_t data_from[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];
int main(void);
void reset(void);
void reset(void)
{
  uint32_t *from = data_from;
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
  __asm volatile("dsb\\nisb");
  for (uint32_t *to = data_start; to < data_end; to++) *to = *from++;
  for (uint32_t *to = bss_start; to < bss_end; to++) *to = 0;
  main();
  __asm volatile("mov r0, #0x18\\nldr r1, =0x20026\\nbkpt 0xab");
  for (;;) {}
}
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {stack_top, (void *)reset};
`;

const CORTEX_MEMORY = `MEMORY { flash : ORIGIN = 0, LENGTH = 1M  ram : ORIGIN = 0x20000000, LENGTH = 256K }
ENTRY(reset)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4); } > flash
  data_from = LOADADDR(.data);
  .data : { data_start = .; *(.data*) . = ALIGN(4); data_end = .; } > ram AT > flash
  .bss : { bss_start = .; *(.bss*) *(COMMON) . = ALIGN(4); bss_end = .; } > ram
  stack_top = 0x20040000;
  /DISCARD/ : { *(.ARM.exidx*) *(.comment) }
}
`;

const CORTEX_FLAGS = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-Os', '-std=gnu99'];
const LINKED = ['-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections'];

export const CORTEX_M4 = {
  title: 'Cortex-M4',
  tools: [
    { command: 'arm-none-eabi-gcc', packages: 'gcc-arm-none-eabi libnewlib-arm-none-eabi' },
    { command: 'qemu-system-arm', packages: 'qemu-system-arm' },
  ],
  link(files, program, at) {
    const script = at('cortex.ld', CORTEX_MEMORY);
    const start = at('cortex.c', CORTEX_START);
    const flags = [...CORTEX_FLAGS, ...LINKED, '--specs=nano.specs', '-nostartfiles', '-T', script];
    told('arm-none-eabi-gcc', [...flags, '-o', program, start, ...files]);
  },
  run: (program) => {
    const machine = ['-M', 'mps2-an386', '-nographic', '-semihosting-config', 'enable=on,target=native'];
    return told('qemu-system-arm', [...machine, '-kernel', program], undefined, true).toString();
  },
  main: (body) => `static void tell(const char *text)
{
  register int op __asm("r0") = 4;
  register const char *what __asm("r1") = text;
  __asm volatile("bkpt 0xab" : "+r"(op) : "r"(what) : "memory");
}
int main(void)
{
${body}
  return 0;
}
`,
};

const hosted = (body) => `#include <stdio.h>
#define tell(text) fputs(text, stdout)
int main(void)
{
${body}
  return 0;
}
`;

export const X86 = {
  title: `C on ${process.arch}`,
  tools: [{ command: 'gcc', packages: 'gcc libc6-dev' }],
  link(files, program) {
    told('gcc', ['-O2', '-std=c99', '-o', program, ...files]);
  },
  run: (program) => told(program, []).toString(),
  main: hosted,
};

export const RISC_V = {
  title: 'RISC-V',
  tools: [
    { command: 'riscv64-linux-gnu-gcc', packages: 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross' },
    { command: 'qemu-riscv64', packages: 'qemu-user' },
  ],
  link(files, program) {
    told('riscv64-linux-gnu-gcc', ['-O2', '-std=gnu99', '-static', '-o', program, ...files]);
  },
  run: (program) => told('qemu-riscv64', [program]).toString(),
  main: hosted,
};

/** An ATmega1284P with 128 kB of flash and 16 kB of memory, which tells by its first UART. */
export const AVR = {
  title: 'AVR',
  tools: [
    { command: 'avr-gcc', packages: 'gcc-avr avr-libc' },
    { command: 'simavr', packages: 'simavr' },
  ],
  link(files, program) {
    told('avr-gcc', ['-mmcu=atmega1284p', '-Os', '-std=gnu99', ...LINKED, '-o', program, ...files]);
  },
  // It writes what the UART sends among messages of its own, and ends where the program sleeps for good
  run: (program) => told('simavr', ['-m', 'atmega1284p', '-f', '16000000', program], undefined, true).toString(),
  main: (body) => `#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
static void tell(const char *text)
{
  for (; *text; text++) {
    while (!(UCSR0A & (1 << UDRE0))) {}
    UDR0 = (uint8_t)*text;
  }
}
int main(void)
{
  UCSR0B = 1 << TXEN0;
${body}
  cli();
  sleep_enable();
  sleep_cpu();
  return 0;
}
`,
};

/** Declares `digest()` in C: of all outputs of so many samples of the numbers of the self-test; 0 where that does not hold. */
const digesting = (name, samples) => {
  const big = name.toUpperCase();
  return `#include "${name}.h"
#include <string.h>
#ifdef ${big}_INPUT_SCALE
static int8_t input[${big}_INPUT_SIZE];
static int8_t taken(float x)
{
  const float y = x / ${big}_INPUT_SCALE;
  int whole = (int)y;
  const float rest = y - (float)whole;
  if (rest > 0.5f || (rest == 0.5f && (whole & 1))) whole++;
  if (rest < -0.5f || (rest == -0.5f && (whole & 1))) whole--;
  whole += ${big}_INPUT_ZERO_POINT;
  return (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
}
#else
static float input[${big}_INPUT_SIZE];
#define taken(x) x
#endif
static float output[${big}_OUTPUT_SIZE];
static uint32_t digest(void)
{
  uint32_t state = 1, hash = 2166136261u;
  if (!${name}_self_test()) return 0;
  for (int sample = 0; sample < ${samples}; sample++) {
    for (size_t i = 0; i < ${big}_INPUT_SIZE; i++) {
      state = state * 1664525u + 1013904223u;
      input[i] = taken((float)((int32_t)((state >> 16) ^ 0x8000u) - 0x8000) / 8192.0f);
    }
    if (${name}_run(input, output)) return 1;
    for (size_t i = 0; i < ${big}_OUTPUT_SIZE; i++) {
      uint32_t bits;
      memcpy(&bits, output + i, 4);
      if (output[i] != output[i] || output[i] == 0) bits = 0;
      for (int byte = 0; byte < 4; byte++, bits >>= 8) hash = (hash ^ (bits & 255)) * 16777619u;
    }
  }
  return hash;
}
`;
};

/**
 * The digest that a network with one input of real numbers gives on a board, as 8 figures, of so many samples of the numbers
 * of its self-test. `files` are what `toC` gives by that name, `at` the path of a file of a name, with such a text.
 */
export function digestOn(board, { name, source, header }, samples, at) {
  const body = `  static const char figures[] = "0123456789abcdef";
  char text[] = "digest ........\\n";
  uint32_t hash = digest();
  for (int i = 14; i > 6; i--, hash >>= 4) text[i] = figures[hash & 15];
  tell(text);`;
  at(`${name}.h`, header);
  const main = at(`main_${name}.c`, `${digesting(name, samples)}${board.main(body)}`);
  const program = at(`${name}.elf`);
  board.link([main, at(`${name}.c`, source)], program, at);
  return /digest ([0-9a-f]{8})/.exec(board.run(program))?.[1] ?? 'none';
}

/** Bytes of flash and of memory that a program takes on a Cortex-M4. */
export function sizesOf(program) {
  const [text, data, bss] = told('arm-none-eabi-size', [program])
    .toString()
    .split('\n')[1]
    .trim()
    .split(/\s+/)
    .map(Number);
  return { flash: text + data, memory: data + bss };
}
