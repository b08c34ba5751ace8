/**
 * The application that does nothing: what CometBFT and the socket cost by themselves, the limit for every other application.
 * `node bootstrap.mjs bench/noop-app.ts [ADDRESS]`; prints the address when it listens, ends on SIGTERM.
 */
import { createServer } from "../chain/abci/server.ts";
import { ExecTxResult } from "../chain/codec/gen/tendermint/abci/types.ts";

const done = ExecTxResult.create();
const appHash = new Uint8Array(8);
let height = 0n;

const server = createServer({
  info: () => ({ lastBlockHeight: height, lastBlockAppHash: appHash }),
  finalizeBlock: (block) => {
    height = block.height;
    return { txResults: block.txs.map(() => done), appHash };
  },
});
process.stdout.write(`listening at ${await server.listen(process.argv[2] ?? "tcp://127.0.0.1:26658")}\n`);
process.on("SIGTERM", () => void server.close().then(() => process.exit(0)));
