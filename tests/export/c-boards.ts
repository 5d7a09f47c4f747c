import type { Graph, Stored } from '../../src/index.ts';
import type { folder, Tool } from './c-compilers.ts';
import { digesting, told } from './c-compilers.ts';

/** Machines that C is built for, and what runs it there. */
export interface Board {
  readonly tools: readonly Tool[];
  /** Compiles files of C to a program. */
  link(files: readonly string[], program: string, at: ReturnType<typeof folder>): void;
  /** What the program writes by \`tell\`. */
  run(program: string): string;
  /** A \`main\` around lines that may call \`tell(text)\`. */
  main(body: string): string;
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

export const CORTEX_M4: Board = {
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

export const RISC_V: Board = {
  tools: [
    { command: 'riscv64-linux-gnu-gcc', packages: 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross' },
    { command: 'qemu-riscv64', packages: 'qemu-user' },
  ],
  link(files, program) {
    told('riscv64-linux-gnu-gcc', ['-O2', '-std=gnu99', '-static', '-o', program, ...files]);
  },
  run: (program) => told('qemu-riscv64', [program]).toString(),
  main: (body) => `#include <stdio.h>
#define tell(text) fputs(text, stdout)
int main(void)
{
${body}
  return 0;
}
`,
};

/** An ATmega1284P with 128 kB of flash and 16 kB of memory, which tells by its first UART. */
export const AVR: Board = {
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

/** The digest that a network gives on a board, as 8 figures, of so many samples of the numbers of its self-test. */
export function digestOn(
  board: Board,
  network: Graph<Stored>,
  files: readonly string[],
  { name, samples }: { readonly name: string; readonly samples: number },
  at: ReturnType<typeof folder>,
): string {
  const body = `  static const char figures[] = "0123456789abcdef";
  char text[] = "digest ........\\n";
  uint32_t hash = digest();
  for (int i = 14; i > 6; i--, hash >>= 4) text[i] = figures[hash & 15];
  tell(text);`;
  const main = at(`main_${name}.c`, `${digesting(network, name, samples)}${board.main(body)}`);
  const program = at(`${name}.elf`);
  board.link([main, ...files], program, at);
  return /digest ([0-9a-f]{8})/.exec(board.run(program))?.[1] ?? 'none';
}

/** Bytes of flash and of memory that a program takes on a Cortex-M4. */
export function sizesOf(program: string): { readonly flash: number; readonly memory: number } {
  const [text, data, bss] = told('arm-none-eabi-size', [program])
    .toString()
    .split('\n')[1]!
    .trim()
    .split(/\s+/)
    .map(Number);
  return { flash: text! + data!, memory: data! + bss! };
}
