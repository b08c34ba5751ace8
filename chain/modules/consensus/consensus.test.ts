import assert from "node:assert/strict";
import { authority } from "../../runtime/addresses.ts";
import { TxError } from "../../runtime/errors.ts";
import { execute, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import { consensusModule } from "./module.ts";
import type { QueryParamsResponse } from "../../codec/gen/cosmos/consensus/v1/query.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const { module, consensusParams } = consensusModule();
const typeUrl = "/cosmos.consensus.v1.MsgUpdateParams";
const message = {
  authority,
  block: { maxBytes: 2_000_000n, maxGas: 5_000_000n },
  evidence: { maxAgeNumBlocks: 10n, maxAgeDuration: { seconds: 60n, nanos: 0 }, maxBytes: 1000n },
  validator: { pubKeyTypes: ["ed25519"] },
  abci: undefined,
};

function chain(): StoresOverlay {
  const stores = memoryStores();
  const { block, evidence, validator } = message;
  transact(stores, (ctx) => consensusParams.init(ctx, { block: { ...block, maxGas: -1n }, evidence, validator, version: { app: 7n }, abci: { voteExtensionsEnableHeight: 0n }, authority: undefined }));
  return stores;
}

describe("consensus", () => {
  it("tells CometBFT each change once, complete (CONS-1)", () => {
    const stores = chain();
    assert.equal(consensusParams.maxBlockGas(testContext(stores)), -1n);
    assert.equal(consensusParams.takeUpdate(testContext(stores)), undefined);
    execute(stores, [module], typeUrl, message);
    const update = transact(stores, (ctx) => consensusParams.takeUpdate(ctx)).value;
    assert.deepEqual(update, { block: message.block, evidence: message.evidence, validator: message.validator, version: { app: 7n }, abci: { voteExtensionsEnableHeight: 0n }, authority: undefined });
    assert.equal(consensusParams.takeUpdate(testContext(stores)), undefined);
    assert.equal(consensusParams.maxBlockGas(testContext(stores)), 5_000_000n);
    assert.deepEqual(query<QueryParamsResponse>(stores, [module], "/cosmos.consensus.v1.Query/Params", {}).params!.block, message.block);
  });

  it("refuses what CometBFT would refuse, and changes nothing (CONS-2)", () => {
    const stores = chain();
    const wrong: readonly object[] = [
      { block: undefined }, { block: { maxBytes: 0n, maxGas: -1n } }, { block: { maxBytes: 104_857_601n, maxGas: -1n } }, { block: { maxBytes: 1000n, maxGas: -2n } },
      { evidence: { ...message.evidence, maxAgeNumBlocks: 0n } }, { evidence: { ...message.evidence, maxAgeDuration: { seconds: 0n, nanos: 0 } } }, { evidence: { ...message.evidence, maxBytes: 2_000_001n } },
      { validator: { pubKeyTypes: [] } }, { validator: { pubKeyTypes: ["secp256k1"] } }, { abci: { voteExtensionsEnableHeight: 1n } },
    ];
    for (const change of wrong) assert.throws(() => execute(stores, [module], typeUrl, { ...message, ...change }), TxError);
    assert.equal(consensusParams.takeUpdate(testContext(stores)), undefined);
  });

  it("refuses blocks too small for what would change them back (CONS-4)", () => {
    for (const block of [{ maxBytes: 2_000_000n, maxGas: 0n }, { maxBytes: 2_000_000n, maxGas: 4_999_999n }, { maxBytes: 1_311_719n, maxGas: -1n }]) {
      assert.throws(() => execute(chain(), [module], typeUrl, { ...message, block }), (error: TxError) => error.code === 1 && /block\.Max(?:Gas|Bytes) is/.test(error.message));
    }
    execute(chain(), [module], typeUrl, { ...message, block: { maxBytes: 1_311_720n, maxGas: 5_000_000n } });
    execute(chain(), [module], typeUrl, { ...message, block: { maxBytes: -1n, maxGas: -1n } });
  });

  it("is changed by the authority only (CONS-3)", () => {
    assert.throws(() => execute(chain(), [module], typeUrl, { ...message, authority: "dcm1" }), (error: TxError) => error.codespace === "gov" && error.code === 13);
  });
});
