/** Signed bank sends over a chain in this process: what `finalize-block` and `check-tx` measure. */
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { anyOf, testAccount, type TestAccount } from "../test/support/accounts.ts";
import { TestChain, testDenom } from "../test/support/chain.ts";

export const senders = 1_000;

export interface SendChain {
  readonly chain: TestChain;
  readonly accounts: readonly TestAccount[];
  /** The next `count` transactions, senders in turn, each paying another sender one coin and a fee. */
  sends(count: number): Uint8Array[];
}

/** A chain with 1,000 accounts, one block old. */
export async function sendChain(): Promise<SendChain> {
  const accounts = Array.from({ length: senders }, (_, i) => testAccount(String(i)));
  const appState = {
    auth: { accounts: accounts.map((account, i) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: account.text, account_number: String(i), sequence: "0" })), params: { max_memo_characters: "256", tx_sig_limit: "7", tx_size_cost_per_byte: "10", sig_verify_cost_ed25519: "590", sig_verify_cost_secp256k1: "1000" } },
    bank: { params: { default_send_enabled: true }, balances: accounts.map((account) => ({ address: account.text, coins: [{ denom: testDenom, amount: "1000000000000" }] })), supply: [], denom_metadata: [], send_enabled: [] },
  };
  const chain = await TestChain.start({ appState, checkInvariants: false });
  chain.block();
  return {
    chain,
    accounts,
    sends: (count) =>
      Array.from({ length: count }, (_, i) => {
        const from = accounts[i % senders]!;
        const to = accounts[(i * 7 + 1) % senders]!;
        const message = anyOf(MsgSend, { fromAddress: from.text, toAddress: to.text, amount: [{ denom: testDenom, amount: "1" }] });
        return chain.sign(from, [message], { gas: 200_000n, fee: { denom: testDenom, amount: 200n } });
      }),
  };
}

export interface Time {
  /** Milliseconds of wall time. */
  readonly wall: number;
  /** Milliseconds of CPU, of all threads of the process: garbage collection counts. Less moved by what else the machine does. */
  readonly cpu: number;
}

export function timed(run: () => void): Time {
  const stop = stopwatch();
  run();
  return stop();
}

export async function timedAsync(run: () => Promise<void>): Promise<Time> {
  const stop = stopwatch();
  await run();
  return stop();
}

function stopwatch(): () => Time {
  const used = process.cpuUsage();
  const from = performance.now();
  return () => {
    const wall = performance.now() - from;
    const { user, system } = process.cpuUsage(used);
    return { wall, cpu: (user + system) / 1_000 };
  };
}
