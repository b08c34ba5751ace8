/** dcmd comet: identities of this node, and the way back to height 0. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { addressText, prefixes } from "../../codec/address.ts";
import { consensusAddress, readNodeId, readValidatorPubkey } from "../config/keys.ts";
import { writeFile } from "../home.ts";
import { openHome } from "./common.ts";
import { print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";
import { requireStopped } from "./running.ts";

export async function showNodeId(io: Io, globals: Globals): Promise<void> {
  const id = readNodeId(openHome(globals));
  print(io, globals.format, { node_id: id }, id);
}

export async function showValidator(io: Io, globals: Globals): Promise<void> {
  const key = { "@type": "/cosmos.crypto.ed25519.PubKey", key: Buffer.from(readValidatorPubkey(openHome(globals))).toString("base64") };
  print(io, globals.format, key, JSON.stringify(key));
}

export async function showAddress(io: Io, globals: Globals): Promise<void> {
  const address = addressText(consensusAddress(readValidatorPubkey(openHome(globals))), prefixes.consensus);
  print(io, globals.format, { address }, address);
}

export async function cometVersion(io: Io, globals: Globals): Promise<void> {
  const { obtainCometBFT } = await import("../../../localnet/comet/obtain.ts");
  const { version, path, source } = await obtainCometBFT({ onProgress: (message) => io.stderr(`${message}\n`) });
  print(io, globals.format, { version, path, source }, `${version} (${source}: ${path})`);
}

/** Everything under data/ but the file that keeps a validator from signing twice, which goes back to zero. */
export async function unsafeResetAll(io: Io, globals: Globals, options: { readonly keepAddrBook?: true | undefined }): Promise<void> {
  const home = openHome(globals);
  requireStopped(home);
  const removed = existsSync(home.data) ? readdirSync(home.data).map((name) => join(home.data, name)) : [];
  const addressBook = join(home.config, "addrbook.json");
  if (options.keepAddrBook !== true && existsSync(addressBook)) removed.push(addressBook);
  for (const path of removed) rmSync(path, { recursive: true });
  writeFile(home.validatorState, `${JSON.stringify({ height: "0", round: 0, step: 0 }, null, 2)}\n`, { secret: true });
  print(io, globals.format, { removed }, removed.map((path) => `removed ${path}`).join("\n"));
}
