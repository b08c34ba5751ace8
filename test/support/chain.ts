/** A chain in this process: the real modules over a real store in a temporary folder, driven block by block. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp, storeNames, type AppOptions } from "../../chain/app.ts";
import { appStateBytes, readGenesis } from "../../chain/node/genesis.ts";
import type { BlockRequest, BlockResult, ExecutedBlock, Machine } from "../../chain/runtime/machine.ts";
import { MultiStore } from "../../chain/store/multistore.ts";
import type { ConsensusParams } from "../../chain/codec/gen/tendermint/types/params.ts";
import { signedTx, type TestAccount, type TxOptions } from "./accounts.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";
import { QueryAccountInfoRequest, QueryAccountInfoResponse } from "../../chain/codec/gen/cosmos/auth/v1beta1/query.ts";

export const testChainId = "dcm-test-1";
export const testDenom = "udcm";

export interface TestChainOptions extends Partial<Omit<AppOptions, "store">> {
  /** SDK-shaped app_state. */
  readonly appState: unknown;
  readonly consensusParams?: ConsensusParams;
  readonly directory?: string;
  /** Of the first block. Default 1. */
  readonly initialHeight?: bigint;
}

export class TestChain {
  readonly directory: string;
  machine: Machine;
  store: MultiStore;
  height = 0n;
  /** Seconds since the epoch of the next block. */
  time = 1_700_000_000n;
  #options: TestChainOptions;
  readonly #sequences = new Map<string, bigint>();

  private constructor(options: TestChainOptions, directory: string, store: MultiStore) {
    this.#options = options;
    this.directory = directory;
    this.store = store;
    this.machine = this.#machine();
  }

  static async start(options: TestChainOptions): Promise<TestChain> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), "dcm-chain-"));
    const chain = new TestChain(options, directory, await MultiStore.open({ directory, stores: storeNames }));
    if (chain.store.version === 0) {
      const { sections, genTxs } = readGenesis(appStateBytes(options.appState), chain.machine.modules);
      chain.machine.initChain({ chainId: testChainId, timeNanos: (chain.time - 5n) * 1_000_000_000n, initialHeight: options.initialHeight ?? 1n, sections, genTxs, consensusParams: options.consensusParams });
    }
    return chain;
  }

  #machine(): Machine {
    const { appState, consensusParams, directory, initialHeight, ...rest } = this.#options;
    return createApp({ strict: true, checkInvariants: true, minGasPrices: [], report: (what, error) => { throw new Error(what, { cause: error }); }, ...rest, store: this.store });
  }

  /** One block: executed and committed. `seconds` pass before the next. */
  block(txs: readonly Uint8Array[] = [], seconds = 5n): BlockResult {
    const result = this.finalize(txs);
    this.machine.commit();
    this.height++;
    this.time += seconds;
    return result;
  }

  /** As `block`, but with the events as a node passes them on. */
  execute(txs: readonly Uint8Array[], seconds = 5n): ExecutedBlock {
    const result = this.machine.executeBlock(this.request(txs));
    this.machine.commit();
    this.height++;
    this.time += seconds;
    return result;
  }

  /** Executes the next block without committing it. */
  finalize(txs: readonly Uint8Array[]): BlockResult {
    return this.machine.finalizeBlock(this.request(txs));
  }

  /** The next block with these transactions. */
  request(txs: readonly Uint8Array[]): BlockRequest {
    return { height: this.height + 1n, timeNanos: this.time * 1_000_000_000n, proposer: new Uint8Array(20), txs, lastCommit: undefined, misbehavior: [] };
  }

  /** Signs with the account's next sequence. */
  sign(account: TestAccount, messages: readonly Any[], options: Partial<Pick<TxOptions, "gas" | "fee" | "granter" | "sequence">> = {}): Uint8Array {
    const onChain = this.accountOf(account);
    const sequence = this.#sequences.get(account.text) ?? onChain.sequence;
    this.#sequences.set(account.text, sequence + 1n);
    return signedTx(account, { chainId: testChainId, accountNumber: onChain.accountNumber, sequence, messages, gas: 2_000_000n, ...options });
  }

  accountOf(account: TestAccount): { accountNumber: bigint; sequence: bigint } {
    const bytes = this.machine.query("/cosmos.auth.v1beta1.Query/AccountInfo", QueryAccountInfoRequest.encode({ address: account.text }).finish());
    const { info } = QueryAccountInfoResponse.decode(bytes);
    return { accountNumber: info?.accountNumber ?? 0n, sequence: info?.sequence ?? 0n };
  }

  /** Signs with the sequence that is on the chain, and does not count it. */
  signOnce(account: TestAccount, messages: readonly Any[], fee: { denom: string; amount: bigint }): Uint8Array {
    return signedTx(account, { chainId: testChainId, ...this.accountOf(account), messages, gas: 2_000_000n, fee });
  }

  /** Closes and opens the store again, as a restart does; with another build's options, as an upgrade does: they replace those of the build before. */
  async restart(build: Pick<TestChainOptions, "upgrades" | "skipUpgradeHeights"> = {}): Promise<void> {
    const { upgrades, skipUpgradeHeights, ...rest } = this.#options;
    this.#options = { ...rest, ...build };
    await this.store.close();
    this.store = await MultiStore.open({ directory: this.directory, stores: storeNames });
    this.machine = this.#machine();
  }

  async stop(): Promise<void> {
    await this.store.close();
    if (this.#options.directory === undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}
