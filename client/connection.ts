/** One connection to a node: typed queries and the CometBFT client below them. */
import { QueryClient, setupAuthExtension, setupBankExtension, setupTxExtension, type AuthExtension, type BankExtension, type TxExtension } from "@cosmjs/stargate";
import { Comet38Client } from "@cosmjs/tendermint-rpc";
import { setupDcmExtension, type DcmExtension } from "./queries.ts";

export interface Connection {
  readonly comet: Comet38Client;
  readonly query: QueryClient & AuthExtension & BankExtension & TxExtension & DcmExtension;
  close(): void;
}

/** `endpoint` is a CometBFT RPC URL. The 0.38 client also reads 0.40, which CosmJS does not recognise by itself. */
export async function connect(endpoint: string): Promise<Connection> {
  const comet = await Comet38Client.connect(endpoint);
  const query = QueryClient.withExtensions(comet, setupAuthExtension, setupBankExtension, setupTxExtension, setupDcmExtension);
  return { comet, query, close: () => comet.disconnect() };
}
