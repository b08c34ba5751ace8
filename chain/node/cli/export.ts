/** dcmd export: the state of a height as a genesis file. */
import { machineOver } from "../open.ts";
import { writeGenesis } from "../genesis.ts";
import { readGenesisDoc, writeGenesisFile, type JsonObject } from "../config/genesis-doc.ts";
import { QueryParamsResponse } from "../../codec/gen/cosmos/consensus/v1/query.ts";
import type { ConsensusParams } from "../../codec/gen/tendermint/types/params.ts";
import { toHex } from "../../codec/bytes.ts";
import { consensusAddress } from "../config/keys.ts";
import { wholeNumber } from "./common.ts";
import { toJsonText, type Io } from "./io.ts";
import { withStore } from "./offline.ts";
import type { Globals } from "./program.ts";

export async function exportGenesis(io: Io, globals: Globals, options: { readonly height?: string | undefined; readonly outputDocument?: string | undefined }): Promise<void> {
  await withStore(io, globals, ({ home, store, log }) => {
    const height = options.height === undefined ? store.version : wholeNumber("--height", options.height, 1, store.version);
    const machine = machineOver(store, log);
    const appState = writeGenesis(machine.exportGenesis(height), machine.modules);
    const time = machine.queryContext(height).header.timeNanos;
    const { chainId, consensusParams: given } = readGenesisDoc(home.genesis);
    const answer = machine.query("/cosmos.consensus.v1.Query/Params", new Uint8Array(0), height);
    const consensusParams = cometParams(given, QueryParamsResponse.decode(answer).params);
    const document = {
      genesis_time: new Date(Number(time / 1_000_000n)).toISOString(), chain_id: chainId, initial_height: String(height + 1), consensus_params: consensusParams, validators: cometValidators(appState.staking), app_hash: "", app_state: appState,
    } as JsonObject;
    if (options.outputDocument === undefined) return io.stdout(`${toJsonText(document, 2)}\n`);
    writeGenesisFile(options.outputDocument, document);
    io.stderr(`The state of height ${height} is in ${options.outputDocument}\n`);
  });
}

/** The state's parameters, which may have changed since the genesis file, in the file's shape. Durations are nanoseconds. */
function cometParams(given: JsonObject, params: ConsensusParams | undefined): JsonObject {
  if (params?.block === undefined || params.evidence === undefined || params.validator === undefined) return given;
  const { block, evidence, validator } = params;
  const age = evidence.maxAgeDuration ?? { seconds: 0n, nanos: 0 };
  return {
    ...given,
    block: { max_bytes: String(block.maxBytes), max_gas: String(block.maxGas) },
    evidence: { max_age_num_blocks: String(evidence.maxAgeNumBlocks), max_age_duration: String(age.seconds * 1_000_000_000n + BigInt(age.nanos)), max_bytes: String(evidence.maxBytes) },
    validator: { pub_key_types: [...validator.pubKeyTypes] },
  };
}

interface StakingSection {
  readonly validators: readonly { readonly operator_address: string; readonly consensus_pubkey: { readonly key: string }; readonly description: { readonly moniker: string } }[];
  readonly last_validator_powers: readonly { readonly address: string; readonly power: string }[];
}

/** CometBFT's own list, as the SDK's export writes it: the bonded validators with their powers. */
function cometValidators(section: unknown): JsonObject[] {
  const staking = section as StakingSection | undefined;
  return (staking?.last_validator_powers ?? []).flatMap(({ address, power }) => {
    const validator = staking!.validators.find(({ operator_address: operator }) => operator === address);
    if (validator === undefined) return [];
    const { key } = validator.consensus_pubkey;
    return [{ address: toHex(consensusAddress(new Uint8Array(Buffer.from(key, "base64")))).toUpperCase(), pub_key: { type: "tendermint/PubKeyEd25519", value: key }, power, name: validator.description.moniker }];
  });
}
