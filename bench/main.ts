/** `npm run bench [-- NAME ...] [--json] [--runs N] [--quick] [--peer]`: runs benchmarks and prints a table, or one JSON object a benchmark. */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import type { Benchmark } from "./benchmark.ts";

const all: Record<string, () => Promise<{ default: Benchmark }>> = {
  "finalize-block": () => import("./finalize-block.ts"),
  "check-tx": () => import("./check-tx.ts"),
  commit: () => import("./commit.ts"),
  clearing: () => import("./clearing.ts"),
  "market-txs": () => import("./market-txs.ts"),
  "market-rounds": () => import("./market-rounds.ts"),
  "thousand-tasks": () => import("./thousand-tasks.ts"),
  rv32: () => import("./rv32.ts"),
  welfare: () => import("./welfare.ts"),
  staking: () => import("./staking.ts"),
  distribution: () => import("./distribution.ts"),
  slashing: () => import("./slashing.ts"),
  governance: () => import("./governance.ts"),
  vouchers: () => import("./vouchers.ts"),
  referee: () => import("./referee.ts"),
  state: () => import("./state.ts"),
  "node-send": () => import("./node-send.ts"),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false }, peer: { type: "boolean", default: false }, runs: { type: "string", default: "3" }, help: { type: "boolean", short: "h", default: false } },
});

if (values.help) {
  process.stdout.write(`usage: npm run bench -- [NAME ...] [--json] [--runs N] [--quick] [--peer]\n\nbenchmarks: ${Object.keys(all).join(", ")}\nexample: npm run bench -- finalize-block --json\n\n--peer measures a Cosmos SDK chain beside finalize-block, check-tx and node-send; it is built with Go at the first call\n`);
  process.exit(0);
}
const names = positionals.length > 0 ? positionals : Object.keys(all);
const unknown = names.filter((name) => all[name] === undefined);
const runs = Number(values.runs);
if (unknown.length > 0 || !Number.isSafeInteger(runs) || runs < 1) {
  process.stderr.write(unknown.length > 0 ? `no benchmark ${unknown.join(", ")}; there are ${Object.keys(all).join(", ")}\n` : `--runs is a whole number from 1, not ${values.runs}\n`);
  process.exit(2);
}
for (const name of names) {
  const { default: benchmark } = await all[name]!();
  if (values.peer && positionals.length > 0 && benchmark.hasPeer !== true) {
    process.stderr.write(`${name} has no peer: leave --peer out, or name finalize-block, check-tx or node-send\n`);
    process.exit(2);
  }
  const progress = (message: string): void => void process.stderr.write(`${name}: ${message}\n`);
  const result = await benchmark.run({ runs, quick: values.quick, peer: values.peer, progress });
  if (values.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    continue;
  }
  const table = new Table({ head: [name, "unit", "min", "median", "max"], colAligns: ["left", "left", "right", "right", "right"], style: { head: [], border: [] } });
  for (const f of result.figures) table.push([f.name, f.unit, ...[f.min, f.median, f.max].map((n) => n.toLocaleString("en-US", { maximumSignificantDigits: 4 }))]);
  process.stdout.write(`${benchmark.description}\n${table.toString()}\n`);
}
