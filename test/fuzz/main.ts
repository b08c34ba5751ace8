/**
 * Long runs: node bootstrap.mjs test/fuzz/main.ts [--seconds N] [--target transactions|spellings|doors|queries|genesis|engines] [--from LABEL] [--state SEED]
 * Ends with 1 at the first case that goes wrong, and says how to repeat it.
 */
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { simulate } from "../simulation/simulation.ts";
import { doorTarget, engineTarget, genesisTarget, queryTarget, spellingTarget, transactionTarget } from "./targets.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, target: { type: "string" }, from: { type: "string", default: "0" }, state: { type: "string", default: "fuzz" }, once: { type: "boolean", default: false } } });
const targets = { transactions: transactionTarget, spellings: spellingTarget, doors: doorTarget, queries: queryTarget, genesis: genesisTarget, engines: engineTarget };
const chosen = Object.entries(targets).filter(([name]) => values.target === undefined || values.target === name);
if (chosen.length === 0) throw new Error(`--target is one of ${Object.keys(targets).join(", ")}, not ${String(values.target)}`);

// As in the sandbox: what the optimizing compiler makes of translated programs.
setFlagsFromString("--no-liftoff");
await simulate({
  seed: values.state, blocks: 20, audits: 0, roundTrip: false,
  inspect(state) {
    for (const [name, make] of chosen) {
      const target = make(state);
      const until = Date.now() + (Number(values.seconds) * 1_000) / chosen.length;
      let label = Number(values.from);
      for (; Date.now() < until; label++) {
        try {
          target(String(label));
        } catch (error) {
          console.error(`${name} ${label}:`, error);
          console.error(`Repeat: node bootstrap.mjs test/fuzz/main.ts --once --state ${values.state} --target ${name} --from ${label}`);
          process.exit(1);
        }
        if (values.once) break;
      }
      console.log(`${name}: ${label - Number(values.from)} cases`);
    }
  },
});
