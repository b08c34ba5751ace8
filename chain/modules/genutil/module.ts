/** Genesis transactions: the section `genutil`, and how its entries become the transactions that genesis runs. */
import { GenesisState } from "../../codec/gen/cosmos/genutil/v1beta1/genesis.ts";
import { AuthInfo, TxBody, TxRaw, type Tx } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { fromUtf8 } from "../../codec/bytes.ts";
import { messageFromJson } from "../../codec/proto-json.ts";
import { defineModule, type Module } from "../../runtime/module.ts";

const createValidator = "/cosmos.staking.v1beta1.MsgCreateValidator";
const registerBeaconKey = "/dcm.beacon.v1.MsgRegisterBeaconKey";

export function genutilModule(): { readonly module: Module } {
  const module = defineModule({
    name: "genutil",
    stores: [],
    consensusVersion: 1,
    messages: [],
    queries: [],
    genesis: {
      type: GenesisState,
      defaults: () => ({ genTxs: [] }),
      check: (state) => void genesisTransactions(state),
      // The machine runs them after every module has its state.
      init: () => undefined,
      export: () => ({ genTxs: [] }),
    },
  });
  return { module };
}

/** The transactions of the section, encoded, in its order. Throws where one is no transaction or does not make exactly one validator. */
export function genesisTransactions(state: GenesisState): Uint8Array[] {
  return state.genTxs.map((json, i) => {
    try {
      return genesisTransaction(JSON.parse(fromUtf8(json)));
    } catch (error) {
      throw new Error(`genutil.gen_txs[${i}]: ${error instanceof Error ? error.message : "not a transaction"}`, { cause: error });
    }
  });
}

/** One entry, as parsed JSON, to transaction bytes. */
export function genesisTransaction(json: unknown): Uint8Array {
  const { body, authInfo, signatures } = messageFromJson("cosmos.tx.v1beta1.Tx", json) as Tx;
  if (body === undefined || authInfo === undefined) throw new Error("a genesis transaction has a body and an auth_info");
  if (body.messages[0]?.typeUrl !== createValidator || body.messages.length > 2) throw new Error(`a genesis transaction has a ${createValidator}, and beside it at most a ${registerBeaconKey}`);
  if (body.messages.length === 2 && body.messages[1]!.typeUrl !== registerBeaconKey) throw new Error(`the second message of a genesis transaction is a ${registerBeaconKey}, not ${body.messages[1]!.typeUrl}`);
  return TxRaw.encode({ bodyBytes: TxBody.encode(body).finish(), authInfoBytes: AuthInfo.encode(authInfo).finish(), signatures }).finish();
}
