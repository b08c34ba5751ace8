import { Session } from "node:inspector/promises";
import { writeFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { QueryTaskRequest, QueryTaskResponse } from "../chain/codec/gen/dcm/market/v1/query.ts";
import { taskIdOf } from "../chain/modules/market/state.ts";
import { anyOf, testAccount } from "../test/support/accounts.ts";
import { TestChain, testDenom } from "../test/support/chain.ts";
import { ask, bid, commit, registration, reveal, start } from "./market-messages.ts";
const fee = { denom: testDenom, amount: 3_000n };
const per = Number(process.env.TASKS ?? 1); const count = Number(process.env.COUNT ?? 1000), rounds = Number(process.env.ROUNDS ?? 12), prof = process.env.PROF;
const providers = Array.from({ length: count }, (_, i) => testAccount(`provider ${i}`));
const consumers = Array.from({ length: count }, (_, i) => testAccount(`consumer ${i}`));
const all = [...providers, ...consumers];
const chain = await TestChain.start({ checkInvariants: false, appState: {
  auth: { accounts: all.map((a, i) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: a.text, account_number: String(i), sequence: "0" })), params: { max_memo_characters: "256", tx_sig_limit: "7", tx_size_cost_per_byte: "10", sig_verify_cost_ed25519: "590", sig_verify_cost_secp256k1: "1000" } },
  bank: { params: { default_send_enabled: true }, balances: all.map((a) => ({ address: a.text, coins: [{ denom: testDenom, amount: "1000000000000" }] })), supply: [], denom_metadata: [], send_enabled: [] },
} });
chain.block();
chain.block(providers.map((one, i) => chain.sign(one, [registration(one, i, testDenom)], { fee })));
const session = new Session(); session.connect();
if (prof) { await session.post("Profiler.enable"); await session.post("Profiler.setSamplingInterval", { interval: 100 }); }
let gc = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) gc += e.duration; }).observe({ entryTypes: ["gc"] });
const byText = new Map(providers.map((p) => [p.text, p]));
let firstJob = 1n;
const cpu = (f: () => void): number => { const a = process.cpuUsage(); f(); const b = process.cpuUsage(a); return (b.user + b.system) / count; };
const out: Record<string, number[]> = {};
const tick = () => new Promise((r) => setImmediate(r));
for (let round = 0; round < rounds; round++) {
  const took = async (kind: string, txs: readonly Uint8Array[]): Promise<void> => {
    const check = cpu(() => { for (const tx of txs) chain.machine.checkTx(tx, false); });
    const on = prof === kind && round > rounds / 2;
    if (on) await session.post("Profiler.start");
    await tick(); gc = 0;
    let r: any; const t0 = process.hrtime.bigint();
    const c = cpu(() => { r = chain.execute(txs, 1n).txResults; });
    const wall = Number(process.hrtime.bigint() - t0) / 1000 / count;
    await tick();
    if (r.some((x: any) => x.code !== 0)) throw new Error(r.find((x: any) => x.code !== 0).log);
    (out[kind] ??= []).push(c); (out[kind + ".check"] ??= []).push(check); (out[kind + ".gc"] ??= []).push(gc * 1000 / count); (out[kind + ".wall"] ??= []).push(wall);
    if (on) { const { profile } = await session.post("Profiler.stop"); writeFileSync(`/tmp/prof-${kind}-${round}.cpuprofile`, JSON.stringify(profile)); }
  };
  const by = (ps: typeof all, make: (p: (typeof all)[0], i: number) => any) => ps.map((p, i) => chain.sign(p, [make(p, i)], per === 1 ? { fee } : { fee: { ...fee, amount: 200_000n }, gas: 20_000_000n }));
  await took("send", by(consumers, (from, i) => anyOf(MsgSend, { fromAddress: from.text, toAddress: consumers[(i + 1) % count]!.text, amount: [{ denom: testDenom, amount: "1" }] })));
  await took("ask", by(providers, (p, i) => ask(p, i, testDenom)));
  await took("bid", by(consumers.slice(0, count / per), (c) => per === 1 ? bid(c, testDenom) : bid(c, testDenom, 500n, per)));
  chain.execute([], 1n);
  chain.block();
  const tasks = Array.from({ length: count }, (_, i) => taskIdOf(firstJob + BigInt(Math.floor(i / per)), i % per));
  firstJob += BigInt(count / per);
  const workers = tasks.map((taskId) => byText.get(QueryTaskResponse.decode(chain.machine.query("/dcm.market.v1.Query/Task", QueryTaskRequest.encode({ taskId }).finish())).task!.replicas[0]!.provider)!);
  const each = (make: (w: (typeof all)[0], t: bigint) => any) => tasks.map((t, i) => chain.sign(workers[i]!, [make(workers[i]!, t)], { fee }));
  await took("start", each(start)); await took("commit", each(commit)); await took("reveal", each(reveal));
  chain.block([], 1n);
}
const q = (xs: number[], p: number) => [...xs].sort((a, b) => a - b)[Math.floor((xs.length - 1) * p)]!;
for (const [k, v] of Object.entries(out)) { const late = v.slice(Math.floor(v.length / 3)); console.log(k.padEnd(14), q(late, 0).toFixed(1), q(late, 0.25).toFixed(1), q(late, 0.5).toFixed(1), "first", v[0]!.toFixed(1), "all", v.map((x) => x.toFixed(0)).join(" ")); }
const whole = (k: string, i: number) => out[k]![i]! + out[k + ".check"]![i]!;
for (const k of ["ask", "bid", "start", "commit", "reveal"]) { const r = out[k]!.map((_, i) => whole(k, i) / whole("send", i)).slice(Math.floor(rounds / 3)); console.log(k, "whole_to_send", q(r, 0.25).toFixed(2), q(r, 0.5).toFixed(2)); }
await chain.stop();
process.exit(0);
