/**
 * A small assembler for tests, examples and benchmarks: RV32IM, the usual pseudo-instructions, labels, `.text` (ROM from
 * 0) and `.data` (RAM from 0). For programs of any size use a compiler.
 */
import { utf8 } from "../codec/bytes.ts";
import type { Program } from "./program.ts";

/** Text that is no program: says the line and what is wrong with it. */
export class AssemblyError extends Error {
  override readonly name = "AssemblyError";
}

/**
 * A program of its text, a line an instruction; `#` begins a comment. Throws an AssemblyError.
 *
 * Operands: registers (`x5` or `t0`), `offset(register)`, and expressions of numbers, characters ('a'), labels, `.` (this address), `%hi(..)`,
 * `%lo(..)`, with + and -. Branches and jumps name where they go. Directives: `.text .data .equ .word .half .byte .ascii .asciz .zero .balign`.
 */
export function assemble(source: string): Program {
  return new Assembly(source).program();
}

const names = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"];
const registers = new Map([...names.map((name, i) => [name, i] as const), ...names.map((_, i) => [`x${i}`, i] as const), ["fp", 8] as const]);

type Format = "r" | "i" | "shift" | "load" | "store" | "branch" | "upper" | "jump" | "none";

/** Format and the bits that do not depend on operands. */
const instructions = new Map<string, readonly [Format, number]>([
  ["lui", ["upper", 0x37]], ["auipc", ["upper", 0x17]], ["jal", ["jump", 0x6f]], ["jalr", ["load", 0x67]],
  ["beq", ["branch", 0x63]], ["bne", ["branch", 0x1063]], ["blt", ["branch", 0x4063]], ["bge", ["branch", 0x5063]], ["bltu", ["branch", 0x6063]], ["bgeu", ["branch", 0x7063]],
  ["lb", ["load", 0x03]], ["lh", ["load", 0x1003]], ["lw", ["load", 0x2003]], ["lbu", ["load", 0x4003]], ["lhu", ["load", 0x5003]],
  ["sb", ["store", 0x23]], ["sh", ["store", 0x1023]], ["sw", ["store", 0x2023]],
  ["addi", ["i", 0x13]], ["slti", ["i", 0x2013]], ["sltiu", ["i", 0x3013]], ["xori", ["i", 0x4013]], ["ori", ["i", 0x6013]], ["andi", ["i", 0x7013]],
  ["slli", ["shift", 0x1013]], ["srli", ["shift", 0x5013]], ["srai", ["shift", 0x40005013]],
  ["add", ["r", 0x33]], ["sub", ["r", 0x40000033]], ["sll", ["r", 0x1033]], ["slt", ["r", 0x2033]], ["sltu", ["r", 0x3033]], ["xor", ["r", 0x4033]], ["srl", ["r", 0x5033]], ["sra", ["r", 0x40005033]], ["or", ["r", 0x6033]], ["and", ["r", 0x7033]],
  ["mul", ["r", 0x02000033]], ["mulh", ["r", 0x02001033]], ["mulhsu", ["r", 0x02002033]], ["mulhu", ["r", 0x02003033]], ["div", ["r", 0x02004033]], ["divu", ["r", 0x02005033]], ["rem", ["r", 0x02006033]], ["remu", ["r", 0x02007033]],
  ["fence", ["none", 0x0ff0000f]], ["ecall", ["none", 0x73]], ["ebreak", ["none", 0x00100073]],
]);

/** What a pseudo-instruction of one word stands for; `$0` is its first operand. */
const pseudo = new Map<string, readonly [number, string]>([
  ["nop", [0, "addi zero, zero, 0"]], ["mv", [2, "addi $0, $1, 0"]], ["not", [2, "xori $0, $1, -1"]], ["neg", [2, "sub $0, zero, $1"]],
  ["seqz", [2, "sltiu $0, $1, 1"]], ["snez", [2, "sltu $0, zero, $1"]], ["sltz", [2, "slt $0, $1, zero"]], ["sgtz", [2, "slt $0, zero, $1"]],
  ["beqz", [2, "beq $0, zero, $1"]], ["bnez", [2, "bne $0, zero, $1"]], ["blez", [2, "bge zero, $0, $1"]], ["bgez", [2, "bge $0, zero, $1"]], ["bltz", [2, "blt $0, zero, $1"]], ["bgtz", [2, "blt zero, $0, $1"]],
  ["bgt", [3, "blt $1, $0, $2"]], ["ble", [3, "bge $1, $0, $2"]], ["bgtu", [3, "bltu $1, $0, $2"]], ["bleu", [3, "bgeu $1, $0, $2"]],
  ["j", [1, "jal zero, $0"]], ["jal", [1, "jal ra, $0"]], ["call", [1, "jal ra, $0"]], ["tail", [1, "jal zero, $0"]],
  ["jr", [1, "jalr zero, 0($0)"]], ["jalr", [1, "jalr ra, 0($0)"]], ["ret", [0, "jalr zero, 0(ra)"]],
]);

interface Item {
  readonly line: number;
  readonly section: "text" | "data";
  readonly at: number;
  readonly length: number;
  /** Its bytes, once every label is known. */
  readonly bytes: () => Uint8Array;
}

class Assembly {
  readonly #symbols = new Map<string, number>();
  readonly #items: Item[] = [];
  readonly #ends = { text: 0, data: 0 };
  #section: "text" | "data" = "text";
  #line = 0;
  /** The value of `.`: of the statement that is read, then of the item that is encoded. */
  #here = 0;

  constructor(source: string) {
    for (const text of source.split("\n")) {
      this.#line++;
      this.#statement(text);
    }
  }

  program(): Program {
    const program = { rom: new Uint8Array(Math.ceil(this.#ends.text / 4) * 4), data: new Uint8Array(this.#ends.data) };
    for (const { line, section, at, bytes } of this.#items) {
      [this.#line, this.#here] = [line, at];
      program[section === "text" ? "rom" : "data"].set(bytes(), at);
    }
    return program;
  }

  #fail(problem: string): never {
    throw new AssemblyError(`line ${this.#line}: ${problem}`);
  }

  #statement(text: string): void {
    this.#here = this.#ends[this.#section];
    let rest = withoutComment(text).trim();
    for (let label = /^([A-Za-z_][\w.]*):\s*/.exec(rest); label !== null; label = /^([A-Za-z_][\w.]*):\s*/.exec(rest)) {
      this.#define(label[1]!, this.#ends[this.#section]);
      rest = rest.slice(label[0].length);
    }
    if (rest === "") return;
    const [, name, operandText] = /^(\S+)\s*(.*)$/.exec(rest)!;
    const operands = splitOperands(operandText!);
    if (name!.startsWith(".")) this.#directive(name!, operands);
    else this.#instruction(name!, operands);
  }

  #define(name: string, value: number): void {
    if (this.#symbols.has(name)) this.#fail(`${name} is defined twice`);
    if (registers.has(name)) this.#fail(`${name} is a register`);
    this.#symbols.set(name, value);
  }

  #add(length: number, bytes: () => Uint8Array): void {
    this.#items.push({ line: this.#line, section: this.#section, at: this.#ends[this.#section], length, bytes });
    this.#ends[this.#section] += length;
  }

  #directive(name: string, operands: readonly string[]): void {
    const widths: Readonly<Record<string, number>> = { ".word": 4, ".half": 2, ".byte": 1 };
    const width = widths[name];
    if (width !== undefined) {
      this.#add(width * operands.length, () => concatWords(operands.map((operand) => this.#value(operand)), width));
      return;
    }
    switch (name) {
      case ".text": this.#section = "text"; return;
      case ".data": this.#section = "data"; return;
      case ".equ": this.#take(name, operands, 2); this.#define(operands[0]!, this.#value(operands[1]!)); return;
      case ".ascii": case ".asciz": {
        this.#take(name, operands, 1);
        const bytes = this.#string(operands[0]!, name === ".asciz" ? "\0" : "");
        this.#add(bytes.length, () => bytes);
        return;
      }
      case ".zero": this.#take(name, operands, 1); this.#pad(this.#value(operands[0]!)); return;
      case ".balign": {
        this.#take(name, operands, 1);
        const to = this.#value(operands[0]!);
        if (to < 1) this.#fail(`.balign ${to}: a positive number of bytes is needed`);
        this.#pad((to - (this.#ends[this.#section] % to)) % to);
        return;
      }
      default: this.#fail(`there is no directive ${name}`);
    }
  }

  #pad(length: number): void {
    if (length < 0 || length > 1 << 24) this.#fail(`${length} bytes are not within 0 to 16 MiB`);
    this.#add(length, () => new Uint8Array(length));
  }

  #string(text: string, end: string): Uint8Array {
    if (!/^"(?:[^"\\]|\\.)*"$/.test(text)) this.#fail(`${text} is no text in double quotes`);
    const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", "0": "\0" };
    return utf8(text.slice(1, -1).replace(/\\(.)/g, (_, one: string) => escapes[one] ?? one) + end);
  }

  #take(name: string, operands: readonly string[], count: number): void {
    if (operands.length !== count) this.#fail(`${name} takes ${count} operands, not ${operands.length}`);
  }

  #instruction(name: string, operands: readonly string[]): void {
    if (this.#section !== "text") this.#fail(`${name} is an instruction: it belongs into .text`);
    if (name === "li" || name === "la") {
      this.#take(name, operands, 2);
      this.#loadConstant(name, operands[0]!, operands[1]!);
      return;
    }
    const short = pseudo.get(name);
    if (short !== undefined && short[0] === operands.length) {
      const [, base, text] = /^(\S+)\s*(.*)$/.exec(short[1].replace(/\$(\d)/g, (_, i: string) => operands[Number(i)]!))!;
      this.#word(base!, splitOperands(text!));
    } else if (instructions.has(name)) this.#word(name, operands);
    else if (short !== undefined) this.#take(name, operands, short[0]);
    else this.#fail(`there is no instruction ${name}`);
  }

  /** `li` of what fits 12 bits is one instruction, of a multiple of 4,096 too; `la` always two. */
  #loadConstant(name: string, target: string, text: string): void {
    const value = name === "li" ? this.#value(text) : undefined;
    if (value !== undefined && (value < -(2 ** 31) || value >= 2 ** 32)) this.#fail(`${text} does not fit 32 bits`);
    const signed = value === undefined ? undefined : value | 0;
    if (signed !== undefined && signed >= -2048 && signed < 2048) {
      this.#word("addi", [target, "zero", String(signed)]);
      return;
    }
    const operand = signed === undefined ? text : String(signed);
    this.#word("lui", [target, `%hi(${operand})`]);
    if (signed === undefined || (signed & 0xfff) !== 0) this.#word("addi", [target, target, `%lo(${operand})`]);
  }

  #word(name: string, operands: readonly string[]): void {
    this.#add(4, () => concatWords([this.#encode(name, operands)], 4));
  }

  #encode(name: string, operands: readonly string[]): number {
    const [format, bits] = instructions.get(name)!;
    const take = (count: number): void => this.#take(name, operands, count);
    const [first, second, third] = operands as readonly [string, string, string];
    switch (format) {
      case "none": take(0); return bits;
      case "r": take(3); return bits | (this.#register(first) << 7) | (this.#register(second) << 15) | (this.#register(third) << 20);
      case "i": take(3); return bits | (this.#register(first) << 7) | (this.#register(second) << 15) | (this.#within(name, third, -2048, 2047) << 20);
      case "shift": take(3); return bits | (this.#register(first) << 7) | (this.#register(second) << 15) | (this.#within(name, third, 0, 31) << 20);
      case "load": {
        take(2);
        const [offset, base] = this.#address(name, second);
        return bits | (this.#register(first) << 7) | (base << 15) | (offset << 20);
      }
      case "store": {
        take(2);
        const [offset, base] = this.#address(name, second);
        return bits | (this.#register(first) << 20) | (base << 15) | ((offset & 0x1f) << 7) | ((offset >> 5) << 25);
      }
      case "branch": {
        take(3);
        const to = this.#distance(name, third, 4096);
        return bits | (this.#register(first) << 15) | (this.#register(second) << 20) | ((to >> 12) << 31) | (((to >> 5) & 0x3f) << 25) | (((to >> 1) & 0xf) << 8) | (((to >> 11) & 1) << 7);
      }
      case "upper": take(2); return bits | (this.#register(first) << 7) | (this.#within(name, second, 0, 0xfffff) << 12);
      case "jump": {
        take(2);
        const to = this.#distance(name, second, 1 << 20);
        return bits | (this.#register(first) << 7) | ((to >> 20) << 31) | (((to >> 1) & 0x3ff) << 21) | (((to >> 11) & 1) << 20) | (((to >> 12) & 0xff) << 12);
      }
    }
  }

  #register(text: string): number {
    return registers.get(text) ?? this.#fail(`${text} is no register`);
  }

  #address(name: string, text: string): [offset: number, base: number] {
    const [, offset, base] = /^(.*)\(\s*(\w+)\s*\)$/.exec(text) ?? this.#fail(`${name}: ${text} is not of the form offset(register)`);
    return [offset!.trim() === "" ? 0 : this.#within(name, offset!, -2048, 2047), this.#register(base!)];
  }

  #within(name: string, text: string, least: number, most: number): number {
    const value = this.#value(text);
    if (value < least || value > most) this.#fail(`${name}: ${text} is ${value}, not within ${least} to ${most}`);
    return value;
  }

  /** From here to where `text` says, in bytes. */
  #distance(name: string, text: string, reach: number): number {
    const distance = this.#value(text) - this.#here;
    if (distance % 4 !== 0) this.#fail(`${name}: ${text} is no address of an instruction`);
    if (distance < -reach || distance >= reach) this.#fail(`${name}: ${text} is ${distance} bytes away, it reaches ${reach}`);
    return distance;
  }

  #value(text: string): number {
    const [, part, inner] = /^%(hi|lo)\((.*)\)$/.exec(text.trim()) ?? [];
    if (part !== undefined) {
      const value = this.#value(inner!);
      // The lower part is sign-extended, so the upper one is rounded.
      return part === "hi" ? ((value + 0x800) >>> 12) & 0xfffff : (value << 20) >> 20;
    }
    let sum = 0;
    let rest = text.trim();
    if (!/^[+-]/.test(rest)) rest = `+${rest}`;
    while (rest !== "") {
      const [all, sign, minus, term] = /^([+-])\s*(-?)\s*('(?:\\.|[^'])'|[\w.$]+)\s*/.exec(rest) ?? this.#fail(`${text} is no number and no label`);
      sum += (sign === "-" ? -1 : 1) * (minus === "-" ? -1 : 1) * this.#term(term!);
      rest = rest.slice(all.length);
    }
    return sum;
  }

  #term(term: string): number {
    if (/^\d/.test(term)) {
      const value = Number(term);
      return Number.isSafeInteger(value) ? value : this.#fail(`${term} is no number`);
    }
    if (term.startsWith("'")) return this.#string(`"${term.slice(1, -1)}"`, "")[0]!;
    if (term === ".") return this.#here;
    return this.#symbols.get(term) ?? this.#fail(`${term} is not defined (yet: only instructions other than li look ahead)`);
  }
}

/** `#` within quotes is no comment. */
function withoutComment(line: string): string {
  return /^(?:"(?:[^"\\]|\\.)*"|'(?:\\.|[^'])'|[^#])*/.exec(line)![0];
}

function splitOperands(text: string): string[] {
  if (text.trim() === "") return [];
  return [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"|'(?:\\.|[^'])'|[^,])+|(?<=,)(?=,|$)/g)].map(([operand]) => operand.trim());
}

/** Numbers of `width` bytes each, little-endian, wrapping. */
function concatWords(values: readonly number[], width: number): Uint8Array {
  const out = new Uint8Array(values.length * width);
  values.forEach((value, i) => {
    for (let byte = 0; byte < width; byte++) out[i * width + byte] = value >> (8 * byte);
  });
  return out;
}
