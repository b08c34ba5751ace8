import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { wat } from "../sandbox/testing.ts";
import { compile } from "./compile.ts";
import { runProgram } from "./testing.ts";

/** binaryen's, whose own name for it is a constant enumeration. */
const functionKind = 0;
const vectors = fileURLToPath(new URL("../../test/vectors/wasm", import.meta.url));

/** A list in parentheses, with its place in the text. */
interface List {
  readonly from: number;
  to: number;
  readonly items: (List | string)[];
}

function parse(text: string): List[] {
  const token = /\(;[^]*?;\)|;;[^\n]*|"(?:[^"\\]|\\.)*"|[()]|[^\s()";]+/g;
  const all: List = { from: 0, to: text.length, items: [] };
  const open = [all];
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    if (word.startsWith(";;") || word.startsWith("(;")) continue;
    if (word === ")") open.pop()!.to = match.index + 1;
    else if (word !== "(") open.at(-1)!.items.push(word);
    else {
      const list: List = { from: match.index, to: 0, items: [] };
      open.at(-1)!.items.push(list);
      open.push(list);
    }
  }
  return all.items as List[];
}

/** A module of a file, and what the file says of its functions. */
interface Tested {
  /** Without the last parenthesis. */
  readonly text: string;
  /** Names of functions in `text` by the names of exports. */
  readonly functions: ReadonlyMap<string, string>;
  /** In order: calls, and instructions that end the run with 1 where a result is another one. */
  readonly steps: string[];
  readonly traps: string[];
}

/** Undefined where the module imports something. */
function begin(text: string): Tested | undefined {
  if (text.includes("(import")) return undefined;
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const functions = new Map<string, string>();
  const names = Array.from({ length: module.getNumExports() }, (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)));
  for (const { name, kind, value } of names) {
    if (kind === functionKind) functions.set(name, value);
    if (name === "run" || name === "_start") module.removeExport(name);
  }
  if (!module.hasMemory()) module.setMemory(1, 1, "memory");
  else if (!names.some(({ name }) => name === "memory")) module.addMemoryExport("0", "memory");
  const emitted = module.emitText();
  module.dispose();
  return { text: emitted.slice(0, emitted.lastIndexOf(")")), functions, steps: [], traps: [] };
}

/** Whether the result of `call` is not what the file expects. */
function differs(call: string, expected: List, source: string): string {
  const [operation, value] = expected.items as string[] as [string, string];
  const type = operation.slice(0, 3);
  if (!type.startsWith("f")) return `(${type}.ne ${call} ${source})`;
  const [bits, quiet, magnitude] = type === "f32" ? ["i32", "0x7fc00000", "0x7fffffff"] : ["i64", "0x7ff8000000000000", "0x7fffffffffffffff"];
  const found = `(${bits}.reinterpret_${type} ${call})`;
  if (value === "nan:canonical") return `(${bits}.ne (${bits}.and ${found} (${bits}.const ${magnitude})) (${bits}.const ${quiet}))`;
  if (value === "nan:arithmetic") return `(${bits}.ne (${bits}.and ${found} (${bits}.const ${quiet})) (${bits}.const ${quiet}))`;
  return `(${bits}.ne ${found} (${bits}.reinterpret_${type} ${source}))`;
}

function read(file: string): Tested[] {
  const text = readFileSync(`${vectors}/${file}.wast`, "utf8");
  const source = ({ from, to }: List): string => text.slice(from, to);
  const modules: Tested[] = [];
  let current: Tested | undefined;
  for (const list of parse(text)) {
    const [kind, subject, ...results] = list.items;
    if (kind === "module") {
      current = list.items.includes("binary") || list.items.includes("quote") ? undefined : begin(source(list));
      if (current !== undefined) modules.push(current);
      continue;
    }
    const invoked = kind === "invoke" ? list : typeof subject === "object" && subject.items[0] === "invoke" ? subject : undefined;
    if (current === undefined || invoked === undefined) continue;
    const [, name, ...values] = invoked.items;
    const called = current.functions.get(JSON.parse(name as string) as string)!;
    const call = `(call $${called} ${(values as List[]).map(source).join(" ")})`;
    if (kind === "invoke") current.steps.push(call);
    else if (kind === "assert_trap") current.traps.push(call);
    else if (kind === "assert_return" && results.length <= 1) current.steps.push(results.length === 0 ? call : `(if ${differs(call, results[0] as List, source(results[0] as List))} (then (return (i32.const 1))))`);
  }
  return modules;
}

function resultOf({ text }: Tested, body: string): number[] {
  return [...runProgram(compile(wat(`${text} (func (export "run") (result i32) ${body}))`))).result];
}

/** Results and traps that each file expects of modules without imports: what is left out would be noticed. */
const files: Record<string, readonly [number, number]> = {
  i32: [364, 10], i64: [374, 10], f32: [2500, 0], f64: [2500, 0], conversions: [526, 67], int_exprs: [75, 14], float_exprs: [829, 0], float_misc: [470, 0], traps: [0, 32], endianness: [68, 0],
  if: [109, 1], loop: [77, 0], br_if: [88, 0], labels: [25, 0], switch: [26, 0], unwind: [41, 8], local_tee: [55, 0], "left-to-right": [95, 0], fac: [6, 0],
};

describe("WebAssembly's own tests", function () {
  this.timeout(300_000);

  for (const [file, expected] of Object.entries(files)) {
    it(`ROM-9 ${file}.wast`, () => {
      const modules = read(file);
      assert.deepEqual([modules.reduce((sum, { steps }) => sum + steps.length, 0), modules.reduce((sum, { traps }) => sum + traps.length, 0)], expected);
      for (const module of modules) {
        if (module.steps.length > 0) assert.deepEqual(resultOf(module, `${module.steps.join("\n")} (i32.const 0)`), [0, 0], file);
        // A call that comes back would give 7.
        for (const call of module.traps) assert.deepEqual(resultOf(module, `${call} i32.const 7 return`), [1, 0], call);
      }
    });
  }
});
