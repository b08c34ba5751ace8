import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeProgram, programRoot, programRoots } from "../chain/vm/program.ts";
import { toHex } from "../chain/codec/bytes.ts";
import { compile } from "../worker/rom/compile.ts";
import { exitCodes } from "./io.ts";
import { runCommand } from "./testing.ts";

const module = fileURLToPath(new URL("../examples/kmeans/kmeans.wasm", import.meta.url));

describe("dcm program", function () {
  this.timeout(30_000);

  it("CLI-10 compile writes the program of a module and says its root, show reads it back", async () => {
    const files = new Map<string, Uint8Array>();
    const outside = { readBytes: (path: string) => files.get(path) ?? new Uint8Array(readFileSync(path)), writeBytes: (path: string, bytes: Uint8Array) => void files.set(path, bytes) };
    const compiled = await runCommand(["program", "compile", module, "-o", "k.rv32", "--json"], outside);
    assert.equal(compiled.code, 0, compiled.err);
    const { rom, data } = compile(new Uint8Array(readFileSync(module)));
    const root = toHex(programRoot(programRoots({ rom, data })));
    assert.deepEqual(JSON.parse(compiled.out), { file: "k.rv32", bytes: files.get("k.rv32")!.length, program_root: root, rom_bytes: rom.length, data_bytes: data.length });
    assert.deepEqual(Buffer.from(decodeProgram(files.get("k.rv32")!).rom), Buffer.from(rom));
    const shown = await runCommand(["program", "show", "k.rv32"], outside);
    assert.match(shown.out, new RegExp(`program root  ${root}\n`));
  });

  it("CLI-10 what is neither module nor executable, and what cannot be compiled, is refused with a way on", async () => {
    const read = (bytes: readonly number[]) => ({ readBytes: () => Uint8Array.from(bytes) });
    for (const bytes of [[], [1, 2, 3, 4], [0x7f, 0x45, 0x4c, 0x46], [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]]) {
      const refused = await runCommand(["program", "compile", "x", "-o", "y"], read(bytes));
      assert.equal(refused.code, exitCodes.invalid, bytes.join());
      assert.match(refused.err, /x: .*\n.*worker\/rom\/README/);
    }
    assert.equal((await runCommand(["program", "show", "x"], read([0, 1]))).code, exitCodes.invalid);
    assert.equal((await runCommand(["program", "show", "none"])).code, exitCodes.notFound);
    assert.equal((await runCommand(["program", "compile", "x"])).code, exitCodes.usage);
  });
});
