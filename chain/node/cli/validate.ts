/** dcmd genesis validate: what InitChain would do with the file, without a node. */
import { readGenesisDoc } from "../config/genesis-doc.ts";
import { Home } from "../home.ts";
import { runGenesis } from "./genesis-run.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

export async function validate(io: Io, globals: Globals, file: string | undefined): Promise<void> {
  const path = file ?? new Home(globals.home).genesis;
  const doc = readGenesisDoc(path);
  let made: ReturnType<typeof runGenesis>;
  try {
    made = runGenesis(doc);
  } catch (error) {
    throw new CliError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { exitCode: exitCodes.invalid });
  }
  const listed = Array.isArray(doc.raw.validators) ? doc.raw.validators.length : 0;
  const validators = made.validators.length > 0 ? made.validators.length : listed;
  if (validators === 0) throw new CliError(`${path} has no validators: the chain could not make a block`, { hint: 'Add some: "dcmd genesis gentx", then "dcmd genesis collect-gentxs".', exitCode: exitCodes.invalid });
  const power = made.validators.reduce((sum, validator) => sum + validator.power, 0n);
  print(io, globals.format, { file: path, chain_id: doc.chainId, initial_height: doc.initialHeight, gen_txs: made.genTxs, validators, total_power: power, valid: true }, `${path} is valid: ${doc.chainId}, ${validators} validator${validators === 1 ? "" : "s"}`);
}
