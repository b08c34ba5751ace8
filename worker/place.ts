/** Where a value stands in a JSON text, so that errors about files name line and column. */

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A value's offset, and what it holds: items of a list are named `[0]`. */
interface Spot {
  readonly at: number;
  readonly members: readonly Member[];
}

interface Member {
  readonly name: string;
  /** Of the key; of an item the item itself. */
  readonly at: number;
  readonly value: Spot;
}

/** Of what a path such as `waves[0].lots` leads to in a text that is JSON, or of the last value on the way to it; of its key with `key`. */
export function placeOf(text: string, path: string, { key = false } = {}): Place {
  let member: Member = { name: "", at: 0, value: new Scanner(text).value() };
  for (let rest = path; rest !== ""; ) {
    const next = memberNamed(member.value, rest);
    if (next === undefined) return lineOf(text, member.value.at);
    member = next;
    rest = rest.slice(next.name.length).replace(/^\./, "");
  }
  return lineOf(text, key ? member.at : member.value.at);
}

/** What the path begins with; keys may have dots in them, so the longest. */
function memberNamed({ members }: Spot, path: string): Member | undefined {
  return members.filter(({ name }) => name !== "" && path.startsWith(name) && /^($|[.[])/.test(path.slice(name.length))).sort((a, b) => b.name.length - a.name.length)[0];
}

/** Where a text ceases to be JSON: its end, where it only stops too early. */
export function faultOf(text: string): Place {
  const scanner = new Scanner(text);
  try {
    scanner.value();
    scanner.end();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return lineOf(text, error.at);
  }
  return lineOf(text, text.length);
}

class Fault extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`no JSON from ${at} on`);
    this.at = at;
  }
}

/** Of an offset into a text. */
function lineOf(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

/** Walks over a text of JSON. Throws a Fault where it is none. */
class Scanner {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  value(): Spot {
    this.#blank();
    const at = this.#at;
    const first = this.#text[at];
    if (first === "{") return { at, members: this.#list("}", () => this.#member()) };
    if (first === "[") return { at, members: this.#list("]", (index) => this.#item(index)) };
    this.#scalar();
    return { at, members: [] };
  }

  /** Nothing else follows. */
  end(): void {
    this.#blank();
    if (this.#at < this.#text.length) throw new Fault(this.#at);
  }

  #list(end: string, read: (index: number) => Member): Member[] {
    const members: Member[] = [];
    this.#at++;
    for (this.#blank(); this.#text[this.#at] !== end; this.#blank()) {
      if (members.length > 0) this.#sign(",");
      members.push(read(members.length));
    }
    this.#at++;
    return members;
  }

  #member(): Member {
    this.#blank();
    const at = this.#at;
    if (this.#text[at] !== '"') throw new Fault(at);
    const name = JSON.parse(this.#scalar()) as string;
    this.#blank();
    this.#sign(":");
    return { name, at, value: this.value() };
  }

  #item(index: number): Member {
    const value = this.value();
    return { name: `[${index}]`, at: value.at, value };
  }

  /** A string, number or word. */
  #scalar(): string {
    const scalar = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;
    scalar.lastIndex = this.#at;
    const found = scalar.exec(this.#text)?.[0];
    if (found === undefined) throw new Fault(this.#at);
    this.#at += found.length;
    return found;
  }

  #sign(wanted: string): void {
    if (this.#text[this.#at] !== wanted) throw new Fault(this.#at);
    this.#at++;
  }

  #blank(): void {
    const blank = /[ \t\r\n]*/y;
    blank.lastIndex = this.#at;
    this.#at += blank.exec(this.#text)![0].length;
  }
}
