/** dcm quote: what a job would cost, who could serve it, and what stands against the others. Nothing is sent. */
import pc from "picocolors";
import type { EncodeObject } from "@cosmjs/proto-signing";
import type { Params } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { feeOf, gasOf, gasOfTransaction } from "../client/gas.ts";
import { findProfile } from "../client/profiles.ts";
import type { Verification } from "../worker/gateway/bid.ts";
import { bidOf, tryBid } from "../worker/gateway/trial.ts";
import { typed } from "./bare-program.ts";
import { columns, exitCodes, print, CliError, type Io } from "./io.ts";
import { bondDenom, openNet, type Net } from "./net.ts";
import { cheapestRelaxation, exclusions, fill, type Relaxation } from "./offers.ts";
import { prepare, readJob, type Order, type OrderOptions } from "./order.ts";
import { grouped } from "./screen.ts";
import { accountOf, gasPriceIn, type Account, type SignOptions } from "./wallet.ts";

export interface QuoteOptions extends SignOptions, OrderOptions {
  readonly json?: true | undefined;
}

interface Cost {
  /** For one lot. */
  readonly price: bigint;
  readonly pay: bigint;
  readonly fee: bigint;
  readonly total: bigint;
}

export interface Quote {
  readonly title: string;
  readonly classId: string;
  readonly denom: string;
  readonly bondDenom: string;
  readonly verification: Verification;
  /** Providers that run each task from the start. */
  readonly replicas: number;
  readonly tasks: number;
  readonly stages: number;
  /** At most, of one task. */
  readonly lots: bigint;
  readonly limit: { readonly price: bigint; readonly from: Order["limitFrom"] };
  /** Audits of a task that are drawn, on average, in 1/10,000. */
  readonly auditBps: number;
  /** If every task used all its lots: at the cheapest ask that serves, at the price that the book gives now with the audits that are drawn on average, and all that the escrow holds. */
  readonly cost: { readonly best: Cost | undefined; readonly expected: Cost | undefined; readonly maximum: Cost };
  /** In the bond denom; comes back with the records. Undefined where the chain does not take the order. */
  readonly storageDeposit: bigint | undefined;
  /** In the bond denom, for wishes that no bid of the book had before; comes back when they are retired. */
  readonly profileDeposit: bigint;
  /** What the profile's gas price comes to; the chain takes it whole, whoever is matched. `order`: of the bid, and of the registering of wishes that are new; `message`: of each later transaction with one message, which seals keys, opens a salt or supplies a stage. */
  readonly transactionFees: { readonly denom: string; readonly gasPrice: string; readonly orderGas: number; readonly order: bigint; readonly message: bigint };
  readonly asks: { readonly all: number; readonly matching: number; readonly freeUnits: number; readonly providers: number };
  /** Tasks of the first stage that begin at once. */
  readonly beginning: number;
  readonly excluded: readonly { readonly rule: string; readonly asks: number }[];
  readonly relaxation: Relaxation | undefined;
  /** Why the chain would refuse the order now. */
  readonly refused: string | undefined;
}

const bps = 10_000n;

/** Who looks at results, in words. */
const checks: Readonly<Record<Verification, (replicas: number) => string>> = {
  V0: () => "nobody checks", V1: () => "now and then another provider does", V2: (replicas) => `${replicas === 2 ? "two" : replicas} providers run each`,
  V3: (replicas) => (replicas === 2 ? "two providers run each, and the chain decides where they differ or somebody challenges both" : "who finds it wrong may challenge it, and the chain decides"),
};
/** Levels at which a part of the tasks is audited. */
const audited: readonly Verification[] = ["V1", "V3"];
/** Replicas that money is set aside for beside the first ones, and what they are for. */
const reserve: Readonly<Record<Verification, (params: Params) => number>> = { V0: () => 0, V1: ({ auditors }) => auditors + 2, V2: () => 2, V3: ({ auditors }) => auditors };
const reserved: Readonly<Record<Verification, string>> = { V0: "", V1: ", with an audit and two more replicas for tie-breaks", V2: ", with two more replicas for tie-breaks", V3: ", with an audit" };

export async function quote(io: Io, path: string, args: readonly string[], options: QuoteOptions): Promise<void> {
  const read = await readJob(io, path, args, options);
  const net = await openNet(io, options);
  try {
    const account = accountOf(io, net, options);
    const found = await quoteOf(net, account, await prepare(net.connection, account.address, read, options));
    print(io, options.json, found, quoteText(found, pc.createColors(io.colours)));
    if (options.json !== true && found.beginning > 0 && found.refused === undefined) io.stderr(`next: dcm run ${typed(path, args)}\n`);
    if (found.refused !== undefined) throw new CliError(exitCodes.failed, `the chain would refuse this order: ${found.refused}`, /insufficient|smaller than/.test(found.refused) ? `${account.address} needs more coins: dcm balance.` : undefined);
  } finally {
    net.connection.close();
  }
}

export async function quoteOf(net: Pick<Net, "connection" | "profile">, account: Account, order: Order): Promise<Quote> {
  const { connection } = net;
  const { loaded: { job, inputs }, request, demand, looked, params, limitFrom } = order;
  const serving = looked.filter(({ against }) => against.length === 0);
  const now = fill(serving, demand);
  const stages = job.waves.length;
  const tasks = BigInt(inputs.length + stages - 1);
  const cost = (price: bigint, replicas: number, auditBps = 0): Cost => {
    const each = (price * request.lots * (BigInt(replicas) * bps + BigInt(auditBps)) + bps - 1n) / bps;
    const fee = (each * BigInt(params.feeBps) + bps - 1n) / bps;
    return { price, pay: each * tasks, fee: fee * tasks, total: (each + fee) * tasks };
  };
  const auditBps = audited.includes(job.verification) ? params.auditProbabilityBps * params.auditors : 0;
  const most = demand.replicas + reserve[job.verification](params);
  const cheapest = fill(serving, { tasks: 1, replicas: demand.replicas });
  const known = await findProfile(connection, request, job.wishes);
  const tried = await tryBid(connection, account, request, known?.id ?? 0);
  return {
    title: job.title, classId: job.classId, denom: job.quoteDenom, bondDenom: await bondDenom(connection), verification: job.verification, replicas: demand.replicas, tasks: Number(tasks), stages, lots: request.lots, limit: { price: request.limitPrice, from: limitFrom }, auditBps,
    cost: { best: cheapest.tasks === 0 ? undefined : cost(cheapest.price, demand.replicas), expected: now.tasks === 0 ? undefined : cost(now.price, demand.replicas, auditBps), maximum: cost(request.limitPrice, most) },
    storageDeposit: tried.storageDeposit, profileDeposit: known === undefined ? params.profileDeposit : 0n,
    transactionFees: transactionFees(bidOf(account.address, request, known?.id ?? 0), known === undefined, net, params),
    asks: { all: looked.length, matching: serving.length, freeUnits: serving.reduce((sum, { offer }) => sum + offer.ask.freeUnits, 0), providers: new Set(serving.map(({ offer }) => offer.ask.provider)).size },
    beginning: now.tasks, excluded: exclusions(looked), relaxation: now.tasks === demand.tasks ? undefined : cheapestRelaxation(looked, demand), refused: tried.refused,
  };
}

function transactionFees(bid: EncodeObject, registers: boolean, net: Pick<Net, "profile">, { auditors }: Params): Quote["transactionFees"] {
  const price = gasPriceIn(net);
  const single = gasOfTransaction([gasOf({ typeUrl: "/dcm.market.v1.MsgRegisterProfile", value: {} })]);
  const bidGas = gasOfTransaction([gasOf(bid, { auditors })]);
  const message = feeOf(single, price);
  // Two transactions: a bid may name its wishes once the book has them.
  return { denom: price.denom, gasPrice: net.profile!.gasPrice, orderGas: bidGas + (registers ? single : 0), order: feeOf(bidGas, price) + (registers ? message : 0n), message };
}

export function quoteText(found: Quote, paint: Pick<typeof pc, "bold" | "yellow">): string {
  const { cost, denom, asks, limit, storageDeposit, profileDeposit, transactionFees: fees } = found;
  const line = (name: string, one: Cost | undefined, what: string): string[] => [name, ...(one === undefined ? ["", "", "", ""] : [one.price, one.pay, one.fee, one.total].map((amount) => grouped(amount))), what];
  const rows = [
    line("best", cost.best, "every task at the cheapest ask that serves it"), line("expected", cost.expected, `at the price that the book gives now${found.auditBps === 0 ? "" : `, ${found.auditBps / 100} % of the tasks audited`}`),
    line("maximum", cost.maximum, `at the limit${reserved[found.verification]}: this much is set aside`),
  ];
  return [
    `${paint.bold(found.title)}: ${found.tasks} ${found.tasks === 1 ? "task" : "tasks"}${found.stages > 1 ? ` in ${found.stages} stages` : ""} of at most ${grouped(found.lots)} ${found.lots === 1n ? "lot" : "lots"}, ${found.classId}, ${found.verification}: ${checks[found.verification](found.replicas)}`,
    `at most ${grouped(limit.price)} ${denom} for a lot, from ${limit.from}`,
    "",
    columns([["", "a lot", "pay", "fee", denom, ""], ...rows]),
    "",
    `If every task used all its lots; a task pays for those that it used, the rest of what is set aside comes back.`,
    ...(storageDeposit === undefined ? [] : [`Storage deposit ${grouped(storageDeposit)} ${found.bondDenom}; comes back with the records.`]),
    `Transaction fees ${grouped(fees.order)} ${fees.denom} for the order (${grouped(BigInt(fees.orderGas))} gas at ${fees.gasPrice}); ${grouped(fees.message)} for each message after it, which ${found.stages > 1 ? "seals keys, opens a salt or supplies a stage" : "seals keys or opens a salt"}.`,
    ...(profileDeposit === 0n ? [] : [`What it wants of providers is new to this book: registering that holds ${grouped(profileDeposit)} ${found.bondDenom}.`]),
    "",
    `${asks.matching} of ${asks.all} asks match: ${asks.freeUnits} free ${asks.freeUnits === 1 ? "unit" : "units"} of ${asks.providers} ${asks.providers === 1 ? "provider" : "providers"}; ${found.beginning === 0 ? paint.yellow("nothing can begin now") : `${found.beginning} ${found.beginning === 1 ? "task begins" : "tasks begin"} at once${found.tasks > found.beginning ? ", the others as units come back" : ""}`}`,
    ...found.excluded.map(({ rule, asks: count }) => `  ${count} ${count === 1 ? "is" : "are"} excluded: ${rule}`),
    ...(found.relaxation === undefined ? [] : [paint.yellow(`cheapest change that lets more of it begin: ${found.relaxation.change} (${found.relaxation.fill.tasks} ${found.relaxation.fill.tasks === 1 ? "task" : "tasks"} at ${grouped(found.relaxation.fill.price)})`)]),
  ].join("\n");
}
