/** Where things lie in the two memories, in bytes. RAM is four regions of 16 MiB: program data, arguments and stack, input, output. */

/** Of the program; only instructions are fetched from it. */
export const romBytes = 0x0100_0000;
/** Only loads and stores reach it. */
export const ramBytes = 0x0400_0000;
/** What one leaf of a memory's tree covers. */
export const leafBytes = 256;

export const regionBytes = 0x0100_0000;
/** The job's arguments, zero-padded; the stack of a program grows down from here. */
export const argumentsAt = 0x01ff_0000;
export const argumentsBytes = 0x0001_0000;
export const inputAt = 0x0200_0000;
export const outputAt = 0x0300_0000;

/** Levels of hashes above the leaves of a tree. */
export const romDepth = 16;
export const ramDepth = 18;
export const regionDepth = 16;
export const argumentsDepth = 8;

/** What every program counter is masked with: within ROM, on a word. */
export const pcMask = 0x00ff_fffc;
/** What every address of a load or store is masked with. */
export const ramMask = 0x03ff_ffff;
