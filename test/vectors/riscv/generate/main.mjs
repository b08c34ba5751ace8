// node main.mjs FOLDER_OF_RISCV_TESTS > ../rv32im.json
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const suite = process.argv[2];
const here = fileURLToPath(new URL(".", import.meta.url));
/** Instructions that the machine has not, and misaligned accesses that it answers in its own way. */
const left = ["fence_i", "ma_data"];
const folder = mkdtempSync(join(tmpdir(), "riscv-tests-"));

/** One test as an executable. */
function executable(kind, name) {
  const out = join(folder, `${kind}-${name}`);
  const ran = spawnSync("clang", ["--target=riscv32", "-march=rv32im", "-mabi=ilp32", "-mno-relax", "-nostdlib", "-fuse-ld=lld", `-I${here}`, `-I${suite}/isa/macros/scalar`, `-Wl,-T,${here}link.ld,-n,-s`, "-o", out, `${suite}/isa/${kind}/${name}.S`], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return readFileSync(out);
}

/** What its segments hold from address 0 on. */
function image(elf) {
  const table = elf.readUInt32LE(28);
  const segments = Array.from({ length: elf.readUInt16LE(44) }, (_, i) => table + i * elf.readUInt16LE(42)).filter((at) => elf.readUInt32LE(at) === 1);
  const out = Buffer.alloc(Math.max(...segments.map((at) => elf.readUInt32LE(at + 8) + elf.readUInt32LE(at + 16))));
  for (const at of segments) elf.copy(out, elf.readUInt32LE(at + 8), elf.readUInt32LE(at + 4), elf.readUInt32LE(at + 4) + elf.readUInt32LE(at + 16));
  return out;
}

const images = {};
for (const kind of ["rv32ui", "rv32um"]) {
  for (const file of readdirSync(`${suite}/isa/${kind}`).filter((one) => one.endsWith(".S")).sort()) {
    const name = file.slice(0, -2);
    if (!left.includes(name)) images[`${kind}/${name}`] = image(executable(kind, name)).toString("base64");
  }
}
const example = { name: "rv32ui/lb", file: executable("rv32ui", "lb").toString("base64") };
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify({ images, example }, undefined, 1)}\n`);
