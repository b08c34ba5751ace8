/** Programs: instructions and the data that they start with, as a file and as a root. */
import { concatBytes, equalBytes, utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { regionBytes, romBytes } from "./layout.ts";
import { regionRoot, romRoot } from "./merkle.ts";

export interface Program {
  /** Instructions from address 0 on: at most 16 MiB, a multiple of 4. */
  readonly rom: Uint8Array;
  /** What RAM holds from address 0 on: at most 16 MiB. */
  readonly data: Uint8Array;
}

export interface ProgramRoots {
  readonly romRoot: Uint8Array;
  readonly dataRoot: Uint8Array;
}

/** A file that is no program, or a program that is too large. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

const magic = utf8("dcmrv32\x01");
const domain = utf8("dcm/rv32/program/v1");

/** The longest program file, in bytes. */
export const mostProgramFileBytes = magic.length + 8 + romBytes + regionBytes;

/** What a job's `program_root` is: 32 bytes. */
export function programRoot({ romRoot: rom, dataRoot }: ProgramRoots): Uint8Array {
  return sha256(domain, rom, dataRoot);
}

/** Hashes the whole program: up to 262,144 hashes. Throws a ProgramError where it is too large. */
export function programRoots(program: Program): ProgramRoots {
  checkSizes(program.rom.length, program.data.length);
  return { romRoot: romRoot(program.rom), dataRoot: regionRoot(program.data) };
}

/** The program file: magic, length of ROM (u32le), ROM, length of data (u32le), data. Throws a ProgramError where it is too large. */
export function encodeProgram({ rom, data }: Program): Uint8Array {
  checkSizes(rom.length, data.length);
  return concatBytes(magic, uint32(rom.length), rom, uint32(data.length), data);
}

/** Whether the bytes begin as a program file does. */
export function isProgram(file: Uint8Array): boolean {
  return equalBytes(file.subarray(0, magic.length), magic);
}

/** The program of a file; its arrays are views of `file`. Throws a ProgramError where it is not exactly one. */
export function decodeProgram(file: Uint8Array): Program {
  if (!isProgram(file)) throw new ProgramError('not a program: it does not begin with "dcmrv32" and version 1');
  const romAt = magic.length + 4;
  const romLength = readUint32(file, magic.length);
  const dataAt = romAt + romLength + 4;
  const dataLength = readUint32(file, romAt + romLength);
  checkSizes(romLength, dataLength);
  if (file.length !== dataAt + dataLength) throw new ProgramError(`the file has ${file.length} bytes, its lengths make ${dataAt + dataLength}`);
  return { rom: file.subarray(romAt, romAt + romLength), data: file.subarray(dataAt) };
}

function checkSizes(rom: number, data: number): void {
  if (rom > romBytes) throw new ProgramError(`${rom} bytes of instructions, the machine has room for ${romBytes}`);
  if (rom % 4 !== 0) throw new ProgramError(`${rom} bytes of instructions are not a multiple of 4`);
  if (data > regionBytes) throw new ProgramError(`${data} bytes of data, a program starts with at most ${regionBytes}`);
}

function uint32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

function readUint32(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw new ProgramError(`the file ends at ${bytes.length} bytes, within a length`);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
