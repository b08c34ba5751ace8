/** dcm program: files of the refereed machine. Nothing is asked of a node. */
import { toHex } from "../chain/codec/bytes.ts";
import { programOfElf } from "../chain/vm/elf.ts";
import { decodeProgram, encodeProgram, ProgramError, programRoot, programRoots, type Program } from "../chain/vm/program.ts";
import { compile } from "../worker/rom/compile.ts";
import { InvalidModule } from "../worker/sandbox/wasm/binary.ts";
import { bytesOf, CliError, exitCodes, print, type Io } from "./io.ts";

export interface ProgramOptions {
  readonly json?: true | undefined;
}

/** Writes the program of a module or an executable, told by its first bytes. */
export function compileProgram(io: Io, file: string, options: ProgramOptions & { readonly out: string }): void {
  const program = valid(file, () => make(bytesOf(io, file)));
  const bytes = encodeProgram(program);
  io.writeBytes(options.out, bytes);
  report(io, program, options, { file: options.out, bytes: bytes.length });
}

export function showProgram(io: Io, file: string, options: ProgramOptions): void {
  const bytes = bytesOf(io, file);
  report(io, valid(file, () => decodeProgram(bytes)), options, { file, bytes: bytes.length });
}

function make(bytes: Uint8Array): Program {
  const [first, second, third, fourth] = bytes;
  if (first === 0x7f && second === 0x45 && third === 0x4c && fourth === 0x46) return programOfElf(bytes);
  if (first !== 0 || second !== 0x61 || third !== 0x73 || fourth !== 0x6d) throw new ProgramError("neither a WebAssembly module nor an ELF executable: its first bytes say so");
  return compile(bytes);
}

function valid<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidModule || error instanceof ProgramError) throw new CliError(exitCodes.invalid, `${file}: ${error.message}`, "worker/rom/README.md says what can be compiled");
    throw error;
  }
}

function report(io: Io, program: Program, options: ProgramOptions, { file, bytes }: { readonly file: string; readonly bytes: number }): void {
  const root = toHex(programRoot(programRoots(program)));
  const value = { file, bytes, program_root: root, rom_bytes: program.rom.length, data_bytes: program.data.length };
  print(io, options.json, value, `${file}: ${bytes} bytes\nprogram root  ${root}\ninstructions  ${program.rom.length} bytes\ndata          ${program.data.length} bytes\n`);
}
