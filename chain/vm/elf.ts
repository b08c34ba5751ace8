/** Programs from executables of other compilers: 32-bit RISC-V ELF, linked to one flat address space from 0 that begins with the start. */
import { regionBytes } from "./layout.ts";
import { ProgramError, type Program } from "./program.ts";

const loadable = 1;
const executable = 1;
/** An ELF header's length, and the least of a program header's. */
const headerBytes = 52;
const entryBytes = 32;

/**
 * The program of an executable. Every segment becomes data, where its addresses say; executable ones become ROM too, at
 * the same addresses, so that constants between instructions can be read. Throws a ProgramError where it is not such a file.
 */
export function programOfElf(file: Uint8Array): Program {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < headerBytes || view.getUint32(0) !== 0x7f454c46) throw new ProgramError("not an ELF file");
  // 32 bits, little-endian; EXEC; RISC-V.
  if (view.getUint8(4) !== 1 || view.getUint8(5) !== 1 || view.getUint16(18, true) !== 243) throw new ProgramError("not a 32-bit little-endian RISC-V file: compile for rv32im, ilp32");
  if (view.getUint16(16, true) !== 2) throw new ProgramError("not an executable: link it, statically");
  const flags = view.getUint32(36, true);
  if ((flags & 0xf) !== 0) throw new ProgramError(`flags ${flags}: compile for rv32im without compressed instructions, and with the soft-float ABI ilp32`);
  if (view.getUint32(24, true) !== 0) throw new ProgramError(`it starts at ${view.getUint32(24, true)}: the machine starts at 0, so the startup code must be linked there`);

  const [table, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)];
  if (size < entryBytes || table + size * count > file.length) throw new ProgramError("its program headers lie outside of the file");
  let [romEnd, dataEnd] = [0, 0];
  const segments: { readonly at: number; readonly bytes: Uint8Array; readonly code: boolean }[] = [];
  for (let i = 0; i < count; i++) {
    const header = table + i * size;
    if (view.getUint32(header, true) !== loadable) continue;
    const [offset, at, length, memory] = [4, 8, 16, 20].map((field) => view.getUint32(header + field, true)) as [number, number, number, number];
    if (offset + length > file.length || length > memory) throw new ProgramError(`segment ${i} lies outside of the file`);
    if (at + memory > regionBytes) throw new ProgramError(`segment ${i} reaches to ${at + memory}: program and data have the addresses below ${regionBytes}`);
    const code = (view.getUint32(header + 24, true) & executable) !== 0;
    segments.push({ at, bytes: file.subarray(offset, offset + length), code });
    dataEnd = Math.max(dataEnd, at + length);
    if (code) romEnd = Math.max(romEnd, at + length);
  }
  const program = { rom: new Uint8Array(Math.ceil(romEnd / 4) * 4), data: new Uint8Array(dataEnd) };
  for (const { at, bytes, code } of segments) {
    program.data.set(bytes, at);
    if (code) program.rom.set(bytes, at);
  }
  return program;
}
