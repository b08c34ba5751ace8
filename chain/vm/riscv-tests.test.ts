/** The RISC-V project's own tests (test/vectors/riscv), on both engines. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fromBase64, toHex } from "../codec/bytes.ts";
import { programOfElf } from "./elf.ts";
import { Interpreter } from "./interpreter.ts";
import { advance, Halt, newMachine } from "./machine.ts";
import { decodeProgram, encodeProgram, ProgramError } from "./program.ts";
import { Ram } from "./ram.ts";

interface Suite {
  readonly images: Readonly<Record<string, string>>;
  readonly example: { readonly name: string; readonly file: string };
}

describe("the tests of the RISC-V project", () => {
  const { images, example } = JSON.parse(readFileSync(new URL("../../test/vectors/riscv/rv32im.json", import.meta.url), "utf8")) as Suite;
  const ram = new Ram();

  /** The image as ROM and as RAM's beginning. */
  function load(image: Uint8Array): Interpreter {
    ram.bytes.fill(0, 0, 65_536);
    ram.write(0, image);
    const rom = new Uint8Array(Math.ceil(image.length / 4) * 4);
    rom.set(image);
    return new Interpreter(rom);
  }

  it("are all there", () => {
    assert.equal(Object.keys(images).length, 48);
  });

  for (const [name, text] of Object.entries(images)) {
    it(`VM-4: ${name} passes, by definition and by interpreter`, () => {
      const image = fromBase64(text);
      const [defined, interpreted] = [newMachine(), newMachine()];
      const rom = load(image);
      advance(defined, rom.memoryOf(ram), 100_000, 1n << 32n);
      const defining = ram.bytes.slice(0, 65_536);
      load(image).run(interpreted, ram, 1n << 32n, 100_000n);
      assert.deepEqual([defined.halt, defined.registers[10]], [Halt.done, 0], `case ${defined.registers[10]} fails`);
      assert.deepEqual(interpreted, defined);
      assert.equal(toHex(ram.bytes.slice(0, 65_536)), toHex(defining));
    });
  }

  it("VM-5: an executable becomes the program that its segments make", () => {
    const program = programOfElf(fromBase64(example.file));
    const image = fromBase64(images[example.name]!);
    assert.equal(toHex(program.data), toHex(image));
    assert.equal(toHex(program.rom), toHex(image.subarray(0, program.rom.length)));
    assert.ok(program.rom.length < image.length);
    assert.deepEqual(decodeProgram(encodeProgram(program)), program);
  });

  it("VM-5: what is no executable for the machine is refused with a reason", () => {
    const good = fromBase64(example.file);
    const changed = (at: number, ...bytes: number[]): Uint8Array => {
      const copy = good.slice();
      copy.set(bytes, at);
      return copy;
    };
    const table = new DataView(good.buffer, good.byteOffset).getUint32(28, true);
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [good.subarray(0, 51), /not an ELF/], [changed(0, 0), /not an ELF/], [changed(4, 2), /32-bit/], [changed(18, 62), /RISC-V/], [changed(16, 1), /link it/], [changed(36, 5), /without compressed/], [changed(24, 4), /starts at 4/],
      [changed(28, 255, 255, 255, 255), /program headers/], [changed(table + 16, 255, 255, 255, 255), /lies outside/], [changed(table + 11, 1), /reaches to/], [good.subarray(0, good.length >> 1), /outside of the file/],
    ];
    for (const [file, problem] of cases) assert.throws(() => programOfElf(file), (error: unknown) => error instanceof ProgramError && problem.test(error.message), String(problem));
    for (let length = 0; length < good.length; length++) {
      try {
        programOfElf(good.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof ProgramError, String(error));
      }
    }
  });
});
