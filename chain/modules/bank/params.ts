/** Parameters of `cosmos.bank.v1beta1`. Whether a denom may be sent stands in `send_enabled` entries, not here. */
import type { Params } from "../../codec/gen/cosmos/bank/v1beta1/bank.ts";

export function defaultParams(): Params {
  return { sendEnabled: [], defaultSendEnabled: true };
}

export function paramsFault(params: Params | undefined): string | undefined {
  return params !== undefined && params.sendEnabled.length > 0 ? "use of send_enabled in params is no longer supported" : undefined;
}
