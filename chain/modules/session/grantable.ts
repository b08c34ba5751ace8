/**
 * What session keys may be let to do: the daily work of workers, gateways and payers. Never here: messages that carry others or grant rights, that say who a provider is or where
 * its work and its bond go, votes, stake, plain transfers; and sales of what is worth more than the money that moves (positions of forwards).
 */
const market = [
  "CancelAsk", "CancelBid", "CancelRequest", "CloseService", "CommitResult", "DeclineTask", "PlaceAsk", "PlaceBid", "PlaceServiceBid", "Quote", "ReclaimService", "RegisterProfile", "ReplaceAsk", "ReplaceBid", "ReportProbe",
  "RequestQuotes", "RetireProfile", "RevealResult", "RevealSalt", "SealKeys", "SettleService", "StartService", "StartTask", "SupplyInputs", "TopUpService",
];
const channel = ["CloseChannel", "OpenChannel", "RedeemVoucher", "TopUp"];
/** What workers and gateways do in disputes over results. */
const referee = ["Answer", "Challenge", "Pick", "Prove"];
const providers = ["Heartbeat", "UnjailProvider"];

/** Type URLs, sorted. */
export const grantable: readonly string[] = [
  ...channel.map((name) => `/dcm.channel.v1.Msg${name}`), ...market.map((name) => `/dcm.market.v1.Msg${name}`), ...referee.map((name) => `/dcm.referee.v1.Msg${name}`), ...providers.map((name) => `/dcm.staking.v1.Msg${name}`),
];

const known: ReadonlySet<string> = new Set(grantable);

export function isGrantable(typeUrl: string): boolean {
  return known.has(typeUrl);
}
