/** Instructions of one routine with labels inside it; branches that reach too far become a branch around a jump. */
import { alu, branchTo, fits12, immediate, jumpRegister, jumpTo, loadFrom, negated, reg, register, split, storeTo, upper, upperPc, type Alu, type Branch, type Width } from "./instructions.ts";

/** A call of, or jump to, another routine, to be filled in when its address is known. */
export interface Reference {
  /** Index of the word. */
  readonly at: number;
  readonly symbol: number;
  readonly link: number;
}

export interface Routine {
  readonly words: readonly number[];
  readonly references: readonly Reference[];
}

interface Fixup {
  readonly at: number;
  readonly label: number;
  readonly condition: Branch | undefined;
  readonly rs1: number;
  readonly rs2: number;
}

/** A routine of more than 1 MiB of code. */
export class RoutineTooLong extends Error {
  override readonly name = "RoutineTooLong";
}

const branchReach = 4_000;
const jumpReach = 1_000_000;

export class Assembler {
  readonly #words: number[] = [];
  readonly #fixups: Fixup[] = [];
  readonly #references: Reference[] = [];
  /** Index of the word that the label stands before; -1 while it stands nowhere. */
  readonly #labels: number[] = [];
  readonly #far: boolean;

  /** `far`: references may be more than 1 MiB away and take two words. */
  constructor(far: boolean) {
    this.#far = far;
  }

  get length(): number {
    return this.#words.length;
  }

  label(): number {
    return this.#labels.push(-1) - 1;
  }

  bind(label: number): void {
    this.#labels[label] = this.#words.length;
  }

  /** A label at this place. */
  here(): number {
    const label = this.label();
    this.bind(label);
    return label;
  }

  word(word: number): void {
    this.#words.push(word);
  }

  op(op: Alu, rd: number, rs1: number, rs2: number): void {
    this.word(register(op, rd, rs1, rs2));
  }

  opImmediate(op: Alu, rd: number, rs1: number, value: number): void {
    this.word(immediate(op, rd, rs1, value));
  }

  move(rd: number, rs: number): void {
    if (rd !== rs) this.opImmediate(alu.add, rd, rs, 0);
  }

  constant(rd: number, value: number): void {
    if (fits12(value)) return this.opImmediate(alu.add, rd, reg.zero, value);
    const { high, low } = split(value);
    this.word(upper(rd, high));
    if (low !== 0) this.opImmediate(alu.add, rd, rd, low);
  }

  upper(rd: number, high: number): void {
    this.word(upper(rd, high));
  }

  load(kind: Width, rd: number, base: number, offset: number): void {
    this.word(loadFrom(kind, rd, base, offset));
  }

  store(kind: Width, value: number, base: number, offset: number): void {
    this.word(storeTo(kind, value, base, offset));
  }

  branch(condition: Branch, rs1: number, rs2: number, label: number): void {
    this.#fixups.push({ at: this.#words.length, label, condition, rs1, rs2 });
    this.word(0);
  }

  jump(label: number): void {
    this.#fixups.push({ at: this.#words.length, label, condition: undefined, rs1: 0, rs2: 0 });
    this.word(0);
  }

  /** Continues at labels[index] with `index` below labels.length. Uses t1 and changes `index`, a register. */
  jumpByTable(index: number, labels: readonly number[]): void {
    this.opImmediate(alu.sll, index, index, 2);
    this.word(upperPc(reg.t1, 0));
    this.op(alu.add, reg.t1, reg.t1, index);
    this.word(jumpRegister(reg.zero, reg.t1, 12));
    for (const label of labels) this.jump(label);
  }

  call(symbol: number, link: number = reg.ra): void {
    this.#references.push({ at: this.#words.length, symbol, link });
    this.word(0);
    if (this.#far) this.word(0);
  }

  callRegister(base: number): void {
    this.word(jumpRegister(reg.ra, base, 0));
  }

  return(link: number = reg.ra): void {
    this.word(jumpRegister(reg.zero, link, 0));
  }

  /** Throws RoutineTooLong. */
  finish(): Routine {
    const long = new Set<number>();
    let places = this.#places(long);
    for (let grown = true; grown; ) {
      grown = false;
      for (const [index, fixup] of this.#fixups.entries()) {
        if (fixup.condition === undefined || long.has(index)) continue;
        if (Math.abs(places[this.#labels[fixup.label]!]! - places[fixup.at]!) * 4 > branchReach) grown = long.add(index) !== undefined;
      }
      if (grown) places = this.#places(long);
    }
    return this.#resolve(places, long);
  }

  /** Where each word goes when the fixups of `long` take two words; one more entry for the end. */
  #places(long: ReadonlySet<number>): number[] {
    const longAt = new Set(this.#fixups.filter((_, index) => long.has(index)).map(({ at }) => at));
    const places = new Array<number>(this.#words.length + 1);
    let place = 0;
    for (let at = 0; at <= this.#words.length; at++) {
      places[at] = place;
      place += longAt.has(at) ? 2 : 1;
    }
    return places;
  }

  #resolve(places: readonly number[], long: ReadonlySet<number>): Routine {
    const words = new Array<number>(places.at(-1)!).fill(0);
    for (const [at, word] of this.#words.entries()) words[places[at]!] = word;
    for (const [index, { at, label, condition, rs1, rs2 }] of this.#fixups.entries()) {
      const from = places[at]!;
      const distance = (places[this.#labels[label]!]! - from) * 4;
      if (Math.abs(distance) > jumpReach) throw new RoutineTooLong(`a jump over ${Math.abs(distance)} bytes of code, the machine's reach 1 MiB`);
      if (condition === undefined) words[from] = jumpTo(reg.zero, distance);
      else if (!long.has(index)) words[from] = branchTo(condition, rs1, rs2, distance);
      else {
        words[from] = branchTo(negated(condition), rs1, rs2, 8);
        words[from + 1] = jumpTo(reg.zero, distance - 4);
      }
    }
    return { words, references: this.#references.map((reference) => ({ ...reference, at: places[reference.at]! })) };
  }
}

/** Puts the distance of a reference into its word or, where `far`, its two words. */
export function link(words: Int32Array | number[], at: number, linkRegister: number, distance: number, far: boolean): void {
  if (!far) {
    words[at] = jumpTo(linkRegister, distance);
    return;
  }
  const { high, low } = split(distance);
  const base = linkRegister === reg.zero ? reg.t0 : linkRegister;
  words[at] = upperPc(base, high);
  words[at + 1] = jumpRegister(linkRegister, base, low);
}
