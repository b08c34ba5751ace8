/** Where a compiled program keeps things in RAM. worker/rom/assembly/machine.ts has the same numbers. */

/** The program's memory begins at 0 and may grow up to here. */
export const mostPages = 384;

/** Numbers of the run, globals, tables. */
export const staticsAt = 0x0180_0000;
export const inputSizeAt = staticsAt;
export const argumentsSizeAt = staticsAt + 4;
export const taskIndexAt = staticsAt + 8;
/** Not 0 once a growth of the memory was refused. */
export const growRefusedAt = staticsAt + 12;
/** Constant data of the runtime, which its build places there. */
export const runtimeDataAt = staticsAt + 0x100;
/** Globals and tables come behind the runtime's data and end before the runtime's own buffers. */
export const staticsEnd = staticsAt + 0xf_c000;
/** What gp holds: all globals within 2 KiB around it are one instruction away. */
export const globalPointer = staticsAt + 0x800;

/** The stack grows down from its top; functions trap below the limit. Small frames of functions that call nothing may lie below it. */
export const stackTop = 0x01fc_0000;
export const stackLimit = 0x0191_0000;
