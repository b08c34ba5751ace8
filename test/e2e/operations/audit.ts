/** The last word on a network that was hurt under load: app hashes, balances, and each transaction that was acknowledged. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Network } from "../../../localnet/network.ts";
import { fundsOfSender } from "./four.ts";
import type { Audit, Block } from "./ledger.ts";
import { type Load, receivers, senders } from "./load.ts";
import { allBalances, assertEqualAppHashes, heightOf, readBlock, readBlocks, supplyAt } from "./observe.ts";

/** What is acknowledged and not committed is waited for until it is too late for it. */
const settledWithinMs = 60_000;
const comparedHeights = 20;

/** Asserts what must hold on every node, and gives the ledger's account. The load has ended. */
export async function auditChain(network: Network, { ledger }: Load): Promise<Audit> {
  const [first] = network.validators;
  const blocks: Block[] = [];
  let audit: Audit;
  for (const until = Date.now() + settledWithinMs; ; await sleep(500)) {
    blocks.push(...(await readBlocks(first!, blocks.length + 1, await heightOf(first!))));
    audit = ledger.audit(blocks);
    if (audit.pending === 0) break;
    assert.ok(Date.now() < until, `${audit.pending} transactions are neither committed nor too late`);
  }
  const { height } = blocks.at(-1)!;
  await network.waitForHeight(height + 1);
  for (const node of network.validators.slice(1)) {
    for (const block of blocks.slice(-comparedHeights)) assert.deepEqual(await readBlock(node, block.height), block);
  }
  await assertEqualAppHashes(network.validators, Math.max(1, height - comparedHeights + 1), height);
  const transfers = ledger.transfers(blocks);
  for (const node of network.validators) {
    const balances = await allBalances(node, height);
    assert.equal([...balances.values()].reduce((sum, amount) => sum + amount, 0n), await supplyAt(node, height), `${node.name}: the balances do not sum to the supply`);
    for (const { text } of receivers) assert.equal(balances.get(text) ?? 0n, transfers.filter(({ to }) => to === text).reduce((sum, { amount }) => sum + amount, 0n), `${node.name}: ${text} received`);
    for (const { text } of senders) {
      const spent = transfers.filter(({ from }) => from === text).reduce((sum, { amount, fee }) => sum + amount + fee, 0n);
      assert.equal(balances.get(text) ?? 0n, fundsOfSender - spent, `${node.name}: ${text} spent`);
    }
  }
  return audit;
}
