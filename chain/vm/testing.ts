/** What tests of the machine share: one RAM that is cleaned between uses, and random programs. */
import type { Random } from "../runtime/module.ts";
import { pageBytes, Ram } from "./ram.ts";

/** A RAM that is all zero where `clean` is called: 64 MiB are too much for every test. */
export class ReusedRam {
  readonly ram = new Ram();
  readonly #touched = new Set<number>();

  /** The pages that are marked, without their marks. */
  changed(): number[] {
    const { dirty } = this.ram;
    const pages: number[] = [];
    for (let page = dirty.indexOf(1); page >= 0; page = dirty.indexOf(1, page + 1)) {
      dirty[page] = 0;
      pages.push(page);
      this.#touched.add(page);
    }
    return pages;
  }

  clean(): Ram {
    this.changed();
    for (const page of this.#touched) this.ram.bytes.fill(0, page * pageBytes, (page + 1) * pageBytes);
    this.#touched.clear();
    return this.ram;
  }
}

const three = ["add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and", "mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"];
const immediate = ["addi", "slti", "sltiu", "xori", "ori", "andi"];
const shifts = ["slli", "srli", "srai"];
const branches = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];
const accesses = ["lb", "lh", "lw", "lbu", "lhu", "sb", "sh", "sw"];

/** Values at which arithmetic turns. */
const edges = [0, 1, -1, 2, -2, 31, 32, 0x7fffffff, -0x80000000, 0x3ffffff, 0x4000000, 0xffff, 0x10000, 0x1000000];

export function randomWord(random: Random): number {
  return random.chance(50) ? random.pick(edges) : random.int(2 ** 32) | 0;
}

/** Assembly of `length` instructions that jump about within them, mostly forwards; some halt. */
export function randomProgram(random: Random, length: number): string {
  const register = (): string => `x${random.int(random.chance(80) ? 8 : 32)}`;
  const signed = (bits: number): number => random.int(2 ** bits) - 2 ** (bits - 1);
  return Array.from({ length }, (_, i) => {
    const forwards = random.chance(75);
    const target = `. + ${4 * (forwards ? random.int(Math.min(length - i, 20)) + 1 : -random.int(i + 1))}`;
    const kind = random.int(100);
    if (kind < 30) return `${random.pick(three)} ${register()}, ${register()}, ${register()}`;
    if (kind < 45) return `${random.pick(immediate)} ${register()}, ${register()}, ${signed(12)}`;
    if (kind < 50) return `${random.pick(shifts)} ${register()}, ${register()}, ${random.int(32)}`;
    if (kind < 72) return `${random.pick(accesses)} ${register()}, ${signed(12)}(${register()})`;
    if (kind < 85) return `${random.pick(branches)} ${register()}, ${register()}, ${target}`;
    if (kind < 90) return `jal ${register()}, ${target}`;
    if (kind < 92) return `jalr ${register()}, ${4 * random.int(length)}(${random.chance(80) ? "x0" : register()})`;
    if (kind < 98) return `${random.pick(["lui", "auipc"])} ${register()}, ${random.chance(50) ? random.int(0x4000) : random.int(2 ** 20)}`;
    return random.pick(["fence", "ecall", `.word ${random.int(2 ** 32)}`, "fence"]);
  }).join("\n");
}
