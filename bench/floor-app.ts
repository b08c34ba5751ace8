/**
 * The least that an application of bank sends must do, the floor for every other one: it verifies one signature for each transaction that is new to it and answers each
 * of a block with the events of a send. It reads nothing, keeps nothing and hashes no state.
 * `node bootstrap.mjs bench/floor-app.ts ADDRESS RESULT`, RESULT a file with an encoded ExecTxResult; prints the address when it listens, ends on SIGTERM.
 */
import { readFileSync } from "node:fs";
import { createServer } from "../chain/abci/server.ts";
import { CheckTxType, ExecTxResult } from "../chain/codec/gen/tendermint/abci/types.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { requireSecp256k1, verifySecp256k1 } from "../chain/codec/secp256k1.ts";
import { testAccount } from "../test/support/accounts.ts";

const [address, file] = process.argv.slice(2);
if (address === undefined || file === undefined) throw new Error("usage: bench/floor-app.ts ADDRESS RESULT");
const send = ExecTxResult.decode(readFileSync(file));
const appHash = new Uint8Array(8);
let height = 0n;

// That it does not fit the transactions changes nothing of what a verification takes.
requireSecp256k1();
const { publicKey } = testAccount("floor");
const signature = new Uint8Array(64).fill(1);

const server = createServer({
  info: () => ({ lastBlockHeight: height, lastBlockAppHash: appHash }),
  checkTx: ({ tx, type }) => {
    if (type === CheckTxType.NEW) verifySecp256k1(publicKey, sha256(tx), signature);
    return { gasWanted: send.gasWanted };
  },
  finalizeBlock: (block) => {
    height = block.height;
    return { txResults: block.txs.map(() => send), appHash };
  },
});
process.stdout.write(`listening at ${await server.listen(address)}\n`);
process.on("SIGTERM", () => void server.close().then(() => process.exit(0)));
