import { examples, reading, type Kit } from "../kit.ts";

export function describeLooking(kit: Kit): void {
  const { io, program } = kit;
  reading(kit, program, "book", "an order book: depth on both sides, reference price, index, last trades").argument("[class]", "which class", "wasm.core")
    .option("--denom <denom>", "the denom that the book quotes in; default: the bond denom")
    .option("--levels <n>", "prices shown of each side, at most 500", "10")
    .addHelpText("after", examples("dcm book", "dcm book cpu.x64.small", "dcm book wasm.core --denom uusd --json | jq '.asks[0].price'"))
    .action(async (classId, options) => (await import("../book.ts")).book(io, classId, options));
  reading(kit, program, "classes", "the classes of capacity that are traded, and where each begins")
    .addHelpText("after", examples("dcm classes", "dcm classes --json"))
    .action(async (options) => (await import("../classes.ts")).classes(io, options));
  reading(kit, program, "providers", "who sells: bond, record, attributes")
    .option("--active", "only those that may be matched now")
    .option("--attribute <key=value>", "only those that declare it")
    .addHelpText("after", examples("dcm providers --active", "dcm providers --attribute jurisdiction=CH"))
    .action(async (options) => (await import("../providers.ts")).providers(io, options));
}
