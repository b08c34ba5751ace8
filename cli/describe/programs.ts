import { common, examples, type Kit } from "../kit.ts";

export function describePrograms(kit: Kit): void {
  const { io, program } = kit;
  const programs = common(kit, program.command("program")).description("programs of the refereed machine (verification v3)").addHelpText("after", examples("dcm program compile examples/histogram/histogram.wasm -o histogram.rv32", "dcm program show histogram.rv32"));
  common(kit, programs.command("compile")).description("makes a program of a WebAssembly module (dcm wasm v1), or of an executable for RV32IM; the same file makes the same program").argument("<file>", "a module, or an ELF executable")
    .requiredOption("-o, --out <program>", "the program file to write")
    .option("--json", "data as JSON on stdout, for machines")
    .addHelpText("after", examples("dcm program compile module.wasm -o module.rv32", "dcm program compile module.wasm -o module.rv32 --json | jq -r .program_root"))
    .action(async (file, options) => (await import("../programs.ts")).compileProgram(io, file, options));
  common(kit, programs.command("show")).description("root and sizes of a program file").argument("<program>", "a program file")
    .option("--json", "data as JSON on stdout, for machines")
    .addHelpText("after", examples("dcm program show module.rv32"))
    .action(async (file, options) => (await import("../programs.ts")).showProgram(io, file, options));
}
