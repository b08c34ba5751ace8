/** Payments through a channel: a million vouchers off chain and one transaction, and what that transaction costs beside a bank send. */
import { sha256 } from "../chain/codec/hash.ts";
import { utf8 } from "../chain/codec/bytes.ts";
import { MsgOpenChannel, MsgRedeemVoucher } from "../chain/codec/gen/dcm/channel/v1/tx.ts";
import { nativeCurve } from "../client/voucher-node.ts";
import { memoryVoucherStore, portableCurve, redeemMessage, signVoucher, verifyVoucher, VoucherPayer, VoucherRecipient, type ChannelTerms, type Curve, type Voucher } from "../client/vouchers.ts";
import { anyOf } from "../test/support/accounts.ts";
import { testChainId, testDenom } from "../test/support/chain.ts";
import { sendChain, senders, timed, type SendChain, type Time } from "./bank-sends.ts";
import { figure, machine, type Benchmark, type Figure } from "./benchmark.ts";

const secret = sha256(utf8("a hot key"));
const deposit = 10_000_000n;

const vouchers: Benchmark = {
  name: "vouchers",
  description: "payment channels: vouchers off chain, one core, and their redemption beside bank sends in process",
  async run({ runs, quick, progress }) {
    const payments = quick ? 5_000 : 1_000_000;
    const made = await sendChain();
    const terms = openChannels(made);
    const figures = [
      ...(await wholeChannel(made, terms[0]!, payments, progress)),
      ...vouchersAlone("", nativeCurve(), terms[1]!, quick ? 500 : 5_000, runs),
      ...vouchersAlone("_javascript", portableCurve, terms[1]!, quick ? 50 : 500, runs),
      ...redemptions(made, terms.slice(2), runs, progress),
    ];
    await made.chain.stop();
    return { name: "vouchers", figures, configuration: { payments, redemptions: terms.length - 2, runs }, versions: machine() };
  },
};

/** One channel from each account to its neighbour, all with one hot key. */
function openChannels({ chain, accounts }: SendChain): ChannelTerms[] {
  const voucherKey = nativeCurve().publicKey(secret);
  const txs = accounts.map((account, i) => {
    const open = MsgOpenChannel.fromPartial({ payer: account.text, recipient: accounts[(i + 1) % senders]!.text, deposit: { denom: testDenom, amount: String(deposit) }, voucherKey });
    return chain.sign(account, [anyOf(MsgOpenChannel, open)], { gas: 300_000n });
  });
  succeed(chain.block(txs).txResults);
  return accounts.map((_, i) => ({ chainId: testChainId, channelId: BigInt(i + 1), recipient: accounts[(i + 1) % senders]!.text, denom: testDenom, voucherKey, closingPeriod: 86_400_000n, deposited: deposit, redeemed: 0n, endsTau: 0n }));
}

function succeed(results: readonly { readonly code: number; readonly log: string }[]): void {
  for (const { code, log } of results) if (code !== 0) throw new Error(`a transaction failed: ${log}`);
}

/** Every payment with a voucher of its own, signed by one side, verified and kept by the other; then the one transaction. */
async function wholeChannel({ chain, accounts }: SendChain, terms: ChannelTerms, payments: number, progress: (message: string) => void): Promise<Figure[]> {
  const curve = nativeCurve();
  const [payer, recipient] = [await VoucherPayer.open({ terms, secret, curve, store: memoryVoucherStore() }), await VoucherRecipient.open({ terms, address: terms.recipient, denom: testDenom, curve, store: memoryVoucherStore() })];
  progress(`${payments} payments, each signed and verified`);
  const [from, used] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < payments; i++) await recipient.accept(await payer.pay(1n), { tau: 0n });
  const seconds = (performance.now() - from) / 1_000;
  const { user, system } = process.cpuUsage(used);
  const { value } = redeemMessage(accounts[1]!.text, recipient.best!);
  const { txResults } = chain.block([chain.sign(accounts[1]!, [anyOf(MsgRedeemVoucher, value)])]);
  succeed(txResults);
  const paid = txResults[0]!.events.find(({ type }) => type === "dcm.channel.v1.EventVoucherRedeemed")?.attributes.find(({ key }) => key === "paid")?.value;
  if (paid !== String(payments)) throw new Error(`${payments} payments of 1 were redeemed as ${paid ?? "nothing"}`);
  return [
    figure("payments_per_s", "payments/s", [payments / seconds]), figure("payments_per_cpu_s", "payments/CPU s", [(payments * 1_000_000) / (user + system)]),
    figure("transactions_for_all", "transactions", [1]),
  ];
}

function vouchersAlone(suffix: string, curve: Curve, terms: ChannelTerms, count: number, runs: number): Figure[] {
  const [signing, verifying]: [number[], number[]] = [[], []];
  for (let run = 0; run <= runs; run++) {
    let made: Voucher[] = [];
    const sign = timed(() => (made = Array.from({ length: count }, (_, i) => signVoucher(terms, BigInt(i + 1), secret, { curve }))));
    let good = 0;
    const verify = timed(() => (good = made.filter((voucher) => verifyVoucher(voucher, terms.voucherKey, curve)).length));
    if (good !== count) throw new Error(`${count - good} vouchers did not verify`);
    if (run === 0) continue;
    signing.push((count * 1_000) / sign.wall);
    verifying.push((count * 1_000) / verify.wall);
  }
  return [figure(`signed_per_s${suffix}`, "vouchers/s", signing), figure(`verified_per_s${suffix}`, "vouchers/s", verifying)];
}

/** Blocks of redemptions, one a channel, and blocks of as many bank sends, in turn; none of them seen by CheckTx before. */
function redemptions({ chain, accounts, sends }: SendChain, terms: readonly ChannelTerms[], runs: number, progress: (message: string) => void): Figure[] {
  const curve = nativeCurve();
  const [redeem, send]: [Time[], Time[]] = [[], []];
  let gas = { redeem: 0, send: 0 };
  for (let round = 0; round <= runs; round++) {
    progress(`round ${round} of ${runs}: a block of ${terms.length} redemptions, one of as many sends`);
    const redeeming = terms.map((one) => {
      const recipient = accounts[Number(one.channelId) % senders]!;
      const { value } = redeemMessage(recipient.text, signVoucher(one, BigInt(round + 1) * 1_000n, secret, { curve }));
      return chain.sign(recipient, [anyOf(MsgRedeemVoucher, value)], { gas: 200_000n, fee: { denom: testDenom, amount: 200n } });
    });
    const measured = ([["redeem", redeeming], ["send", sends(terms.length)]] as const).map(([kind, txs]) => {
      let used = 0;
      const time = timed(() => {
        const { txResults } = chain.execute(txs);
        succeed(txResults.map(({ code }) => ({ code, log: kind })));
        used = Number(txResults[0]!.gasUsed);
      });
      gas = { ...gas, [kind]: used };
      return { wall: (time.wall * 1_000) / txs.length, cpu: (time.cpu * 1_000) / txs.length };
    });
    if (round === 0) continue;
    redeem.push(measured[0]!);
    send.push(measured[1]!);
  }
  return [
    figure("redeem_us", "us", redeem.map(({ wall }) => wall)), figure("send_us", "us", send.map(({ wall }) => wall)),
    figure("redeem_cpu_us", "us", redeem.map(({ cpu }) => cpu)), figure("send_cpu_us", "us", send.map(({ cpu }) => cpu)),
    figure("redeem_to_send", "times the CPU", redeem.map(({ cpu }, i) => cpu / send[i]!.cpu)),
    figure("redeem_gas", "gas", [gas.redeem]), figure("send_gas", "gas", [gas.send]),
  ];
}

export default vouchers;
