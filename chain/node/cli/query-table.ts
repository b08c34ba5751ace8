/** What `dcmd query` asks of the Cosmos SDK's modules: names, words and flags are those of the SDK's own commands. One line a command. */

export interface Word {
  readonly name: string;
  readonly about: string;
  /** Field of the request that it fills. */
  readonly field: string;
}

export interface QueryCommand {
  readonly name: string;
  readonly alias?: string;
  readonly about: string;
  readonly method: string;
  readonly words?: readonly Word[];
  /** With one more word than `words`: another method. */
  readonly more?: { readonly word: Word; readonly method: string };
  /** The answer comes in pages. */
  readonly paged?: true;
  /** Flags beside those of pages: name, field, what it says. */
  readonly flags?: readonly (readonly [name: string, field: string, about: string])[];
  readonly example?: string;
}

export interface QueryGroup {
  readonly name: string;
  readonly about: string;
  readonly service: string;
  readonly commands: readonly QueryCommand[];
}

const validator: Word = { name: "validator", about: "dcmvaloper1...", field: "validatorAddress" };
const staked: Word = { ...validator, field: "validatorAddr" };
const delegator: Word = { name: "delegator", about: "dcm1...", field: "delegatorAddress" };
const staker: Word = { ...delegator, field: "delegatorAddr" };

const params = (about: string): QueryCommand => ({ name: "params", about, method: "Params" });

export const queryGroups: readonly QueryGroup[] = [
  {
    name: "staking", about: "validators and delegations", service: "cosmos.staking.v1beta1.Query",
    commands: [
      params("the parameters of staking"),
      { name: "pool", about: "what is bonded, and what is not", method: "Pool" },
      { name: "validator", about: "one validator", method: "Validator", words: [staked], example: "dcmvaloper1..." },
      { name: "validators", about: "all validators", method: "Validators", paged: true, flags: [["status", "status", "BOND_STATUS_BONDED, BOND_STATUS_UNBONDING or BOND_STATUS_UNBONDED"]], example: "--status BOND_STATUS_BONDED" },
      { name: "delegation", about: "what a delegator has with a validator", method: "Delegation", words: [staker, staked] },
      { name: "delegations", about: "all that a delegator has staked", method: "DelegatorDelegations", words: [staker], paged: true, example: "dcm1..." },
      { name: "delegations-to", about: "all that is staked with a validator", method: "ValidatorDelegations", words: [staked], paged: true },
      { name: "delegator-validator", about: "a validator that a delegator stakes with", method: "DelegatorValidator", words: [staker, staked] },
      { name: "delegator-validators", about: "all validators that a delegator stakes with", method: "DelegatorValidators", words: [staker], paged: true },
      { name: "unbonding-delegation", about: "what a delegator unbonds from a validator", method: "UnbondingDelegation", words: [staker, staked] },
      { name: "unbonding-delegations", about: "all that a delegator unbonds", method: "DelegatorUnbondingDelegations", words: [staker], paged: true, example: "dcm1..." },
      { name: "unbonding-delegations-from", about: "all that unbonds from a validator", method: "ValidatorUnbondingDelegations", words: [staked], paged: true },
      { name: "redelegation", alias: "redelegations", about: "what a delegator moved between validators, and still answers for", method: "Redelegations", words: [staker], paged: true, flags: [["src-validator-addr", "srcValidatorAddr", "from this validator only"], ["dst-validator-addr", "dstValidatorAddr", "to this validator only"]] },
      { name: "historical-info", about: "the set that a block found", method: "HistoricalInfo", words: [{ name: "height", about: "of the block", field: "height" }] },
    ],
  },
  {
    name: "distribution", about: "rewards of stake, and the community pool", service: "cosmos.distribution.v1beta1.Query",
    commands: [
      params("the parameters of distribution"),
      {
        name: "rewards", about: "what a delegator has earned and not taken, with all validators or one", method: "DelegationTotalRewards", words: [delegator],
        more: { word: validator, method: "DelegationRewards" }, example: "dcm1... dcmvaloper1...",
      },
      { name: "rewards-by-validator", about: "what a delegator has earned with one validator", method: "DelegationRewards", words: [delegator, validator] },
      { name: "commission", about: "the commission that a validator has not taken", method: "ValidatorCommission", words: [validator], example: "dcmvaloper1..." },
      { name: "validator-outstanding-rewards", about: "all that a validator and its delegators have not taken", method: "ValidatorOutstandingRewards", words: [validator] },
      { name: "validator-distribution-info", about: "a validator's commission and the rewards of its own stake", method: "ValidatorDistributionInfo", words: [validator] },
      {
        name: "slashes", about: "slashes of a validator between two heights", method: "ValidatorSlashes", paged: true,
        words: [validator, { name: "start-height", about: "from this height on", field: "startingHeight" }, { name: "end-height", about: "up to this height", field: "endingHeight" }], example: "dcmvaloper1... 1 1000",
      },
      { name: "delegator-validators", about: "validators that a delegator earns with", method: "DelegatorValidators", words: [delegator] },
      { name: "delegator-withdraw-address", about: "where a delegator's rewards go", method: "DelegatorWithdrawAddress", words: [delegator] },
      { name: "community-pool", about: "what governance may spend", method: "CommunityPool" },
    ],
  },
  {
    name: "slashing", about: "who signs blocks, and who does not", service: "cosmos.slashing.v1beta1.Query",
    commands: [
      params("the parameters of slashing"),
      {
        name: "signing-info", about: "missed blocks and jail of one validator", method: "SigningInfo", words: [{ name: "consensus", about: "dcmvalcons1..., or the public key as `dcmd comet show-validator` prints it", field: "consAddress" }],
        example: "$(dcmd comet show-validator)",
      },
      { name: "signing-infos", about: "missed blocks and jail of all validators", method: "SigningInfos", paged: true },
    ],
  },
  {
    name: "mint", about: "new coins", service: "cosmos.mint.v1beta1.Query",
    commands: [params("the parameters of mint"), { name: "inflation", about: "the rate of a year", method: "Inflation" }, { name: "annual-provisions", about: "new coins of a year at this rate", method: "AnnualProvisions" }],
  },
  {
    name: "bank", about: "balances", service: "cosmos.bank.v1beta1.Query",
    commands: [
      { name: "balances", about: "all that an account has", method: "AllBalances", words: [{ name: "address", about: "dcm1...", field: "address" }], paged: true, example: "dcm1..." },
      {
        name: "balance", about: "what an account has of a denom", method: "Balance", words: [{ name: "address", about: "dcm1...", field: "address" }, { name: "denom", about: "e.g. udcm", field: "denom" }], example: "dcm1... udcm",
      },
      { name: "total-supply", alias: "total", about: "all coins there are", method: "TotalSupply", paged: true },
    ],
  },
];
