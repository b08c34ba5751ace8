/** Another release of this repository: a copy of its source with the upgrade `v2`, a migration of the bank and a new module with a store of its own. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** What the migration leaves: a name for the denom. */
export const migratedName = "Since the second release";
/** The new module, its store, and what its genesis defaults write there. */
export const greeting = { module: "greeting", key: "words", words: "good morning" } as const;

/** Puts the second build into `folder` and gives the file of its `dcmd`. */
export function makeSecondBuild(folder: string): string {
  for (const part of ["chain", "client", "localnet", "worker", "package.json"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const edit = (path: string, ...changes: readonly (readonly [from: string, to: string])[]): void => {
    let text = readFileSync(join(folder, path), "utf8");
    for (const [from, to] of changes) {
      assert.ok(text.includes(from), `${path} does not have ${from}`);
      text = text.replace(from, to);
    }
    writeFileSync(join(folder, path), text);
  };
  edit("chain/upgrades/registry.ts", ["readonly Upgrade[] = []", 'readonly Upgrade[] = [{ name: "v2" }]']);
  edit(
    "chain/modules/bank/module.ts",
    ["consensusVersion: 4,", "consensusVersion: 5,\n    migrations: { 4: nameDenom },"],
    ["export function bankModule", `import { Metadata } from "../../codec/gen/cosmos/bank/v1beta1/bank.ts";
import { metadata } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

function nameDenom(ctx: Context): void {
  metadata.set(ctx, "udcm", Metadata.fromPartial({ base: "udcm", display: "udcm", name: ${JSON.stringify(migratedName)}, symbol: "DCM", denomUnits: [{ denom: "udcm", exponent: 0, aliases: [] }] }));
}

export function bankModule`],
  );
  mkdirSync(join(folder, "chain/modules/greeting"));
  writeFileSync(join(folder, "chain/modules/greeting/module.ts"), `import { utf8 } from "../../codec/bytes.ts";
import { defineModule } from "../../runtime/module.ts";

const type = { $type: "", encode: () => ({ finish: () => new Uint8Array(0) }), decode: () => ${JSON.stringify(greeting.words)} };
export const greeting = defineModule<string>({
  name: "${greeting.module}", stores: ["${greeting.module}"], consensusVersion: 1, messages: [], queries: [],
  genesis: { type, defaults: () => ${JSON.stringify(greeting.words)}, check: () => undefined, init: (ctx, words) => ctx.store("${greeting.module}").set(utf8("${greeting.key}"), utf8(words)), export: () => "" },
});
`);
  edit("chain/app.ts", ["import { marketModule }", 'import { greeting } from "./modules/greeting/module.ts";\nimport { marketModule }'], ["const modules = [clock, ", "const modules = [greeting, clock, "]);
  return join(folder, "chain/main.ts");
}
