/** What must not be missing when CometBFT is started on a home, because what it does then is unsafe or not understandable. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ConfigFile } from "../config/toml.ts";
import { readJson, type Home } from "../home.ts";
import { CliError, exitCodes } from "./io.ts";

/** Throws where the validator's key or the memory of what it signed is gone; a remote signer has both elsewhere. */
export function checkSigner(home: Home, comet: ConfigFile): void {
  if (comet.string("priv_validator_laddr", "") !== "") return;
  const file = (key: string, fallback: string): string => resolve(home.root, comet.string(key, fallback));
  const key = file("priv_validator_key_file", "config/priv_validator_key.json");
  const state = file("priv_validator_state_file", "data/priv_validator_state.json");
  if (!existsSync(key)) {
    const { height = "0" } = (readJson(state) ?? {}) as { height?: string };
    // Without a key CometBFT makes one: right for a new node, wrong for a validator that has lost its own.
    if (height === "0") return;
    throw new CliError(`${key} is missing, and this node has signed up to height ${height} with it`, { hint: "Put it back from your backup. To run this node with a new key, as no validator, remove its data with \"dcmd comet unsafe-reset-all\".", exitCode: exitCodes.notFound });
  }
  if (!existsSync(state)) {
    throw new CliError(`${state} is missing: it keeps this validator from signing twice at one height, which is slashed`, {
      hint: 'Put it back. Only where this key has signed nothing on this network yet, or is no validator\'s: "dcmd comet unsafe-reset-all" makes data/ anew.', exitCode: exitCodes.notFound,
    });
  }
}

/** Throws where the application has a height, but CometBFT has no blocks: it would run the chain from its beginning against that state. */
export function checkBlocks(home: Home, comet: ConfigFile, height: number): void {
  const blocks = join(resolve(home.root, comet.string("db_dir", "data")), "blockstore.db");
  if (height === 0 || existsSync(blocks)) return;
  throw new CliError(`the application is ahead of CometBFT: it is at height ${height}, and CometBFT's blocks (${blocks}) are missing`, {
    hint: `Put CometBFT's databases back. Or fetch the chain from peers again: move ${home.appData} away too, and keep data/priv_validator_state.json.`, exitCode: exitCodes.notFound,
  });
}

/** What helps where CometBFT gave up, by its words. */
export function hintFor(home: Home, reason: string): string {
  if (/higher than core|AppHash does not match/.test(reason)) {
    return `The application and CometBFT's blocks do not belong together. Move ${home.appData} away: CometBFT replays its blocks into a new state, where it has them all; else fetch everything from peers again.`;
  }
  return `Its settings: ${home.cometConfig}`;
}
