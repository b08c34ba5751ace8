/** What Keplr (and Leap, which takes the same) has to know before it signs for the chain. */
import { prefixes } from "../chain/codec/address.ts";

export interface Currency {
  readonly coinDenom: string;
  readonly coinMinimalDenom: string;
  readonly coinDecimals: number;
}

/** The argument of `window.keplr.experimentalSuggestChain`. */
export interface KeplrChainInfo {
  readonly chainId: string;
  readonly chainName: string;
  readonly rpc: string;
  readonly rest: string;
  readonly bip44: { readonly coinType: number };
  readonly bech32Config: Readonly<Record<`bech32Prefix${"Acc" | "Val" | "Cons"}${"Addr" | "Pub"}`, string>>;
  readonly currencies: readonly Currency[];
  readonly feeCurrencies: readonly (Currency & { readonly gasPriceStep: { readonly low: number; readonly average: number; readonly high: number } })[];
  readonly stakeCurrency: Currency;
  readonly features: readonly string[];
}

export interface KeplrOptions {
  /** As in `/status`: Keplr compares. */
  readonly chainId: string;
  /** CometBFT's RPC and the REST API, as URLs that the browser reaches. */
  readonly rpc: string;
  readonly rest: string;
  /** Shown to people; default: the chain id. */
  readonly chainName?: string;
}

const dcm: Currency = { coinDenom: "DCM", coinMinimalDenom: "udcm", coinDecimals: 6 };

export function keplrChainInfo({ chainId, rpc, rest, chainName = chainId }: KeplrOptions): KeplrChainInfo {
  return {
    chainId, chainName, rpc, rest,
    bip44: { coinType: 118 },
    bech32Config: {
      bech32PrefixAccAddr: prefixes.account, bech32PrefixAccPub: prefixes.accountPub, bech32PrefixValAddr: prefixes.validator,
      bech32PrefixValPub: prefixes.validatorPub, bech32PrefixConsAddr: prefixes.consensus, bech32PrefixConsPub: prefixes.consensusPub,
    },
    currencies: [dcm],
    feeCurrencies: [{ ...dcm, gasPriceStep: { low: 0.001, average: 0.002, high: 0.004 } }],
    stakeCurrency: dcm,
    features: [],
  };
}
