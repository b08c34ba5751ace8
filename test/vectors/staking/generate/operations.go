package main

import (
	"fmt"
	"strings"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// What can be done, and how often it is tried beside the others.
var kinds = []struct {
	name   string
	weight int
	choose func(c *chain) []any
}{
	{"create", 8, (*chain).create},
	{"edit", 4, (*chain).edit},
	{"delegate", 18, (*chain).delegate},
	{"undelegate", 12, (*chain).undelegate},
	{"redelegate", 10, (*chain).redelegate},
	{"cancel", 5, (*chain).cancel},
	{"withdraw", 10, (*chain).withdraw},
	{"commission", 4, (*chain).commission},
	{"address", 2, func(c *chain) []any { return []any{c.anyone(), c.anyone()} }},
	{"fund", 2, func(c *chain) []any { return []any{c.anyone(), c.coins()} }},
	{"deposit", 2, func(c *chain) []any { return []any{c.anyone(), c.anyValidator(), c.coins()} }},
	{"spend", 1, func(c *chain) []any { return []any{c.anyone(), c.coins()} }},
	{"unjail", 6, (*chain).unjail},
	{"fees", 10, func(c *chain) []any { return []any{c.coins()} }},
	{"params", 3, (*chain).params},
}

func (c *chain) choose() []any {
	total := 0
	for _, kind := range kinds {
		total += kind.weight
	}
	at := c.random.Intn(total)
	for _, kind := range kinds {
		if at -= kind.weight; at < 0 {
			if chosen := kind.choose(c); chosen != nil {
				return append([]any{kind.name}, chosen...)
			}
			return nil
		}
	}
	return nil
}

// operations runs some, one after the other; the first block makes the first validators.
func (c *chain) operations() [][]any {
	var out [][]any
	do := func(wanted []any) {
		outcome := c.run(wanted)
		c.count(wanted[0].(string), outcome)
		out = append(out, append([]any{outcome}, wanted...))
	}
	if c.height == 1 {
		for i := 0; i < 5; i++ {
			do([]any{"create", fmt.Sprintf("v%d", i), fmt.Sprint(5_000_000 + c.random.Int63n(90_000_000)), c.rate(), "1", "1", "1"})
		}
		return out
	}
	for n := c.random.Intn(9); n > 0; n-- {
		if wanted := c.choose(); wanted != nil {
			do(wanted)
		}
	}
	return out
}

func (c *chain) anyone() string       { return fmt.Sprintf("a%d", c.random.Intn(accounts)) }
func (c *chain) anyValidator() string { return fmt.Sprintf("v%d", c.random.Intn(operators)) }

// amount is of any order of magnitude.
func (c *chain) amount() string {
	most := int64(1)
	for i := c.random.Intn(9) + 1; i > 0; i-- {
		most *= 10
	}
	return fmt.Sprint(1 + c.random.Int63n(most))
}

func (c *chain) rate() string {
	return math.LegacyNewDecWithPrec(10_000_000+c.random.Int63n(300_000_000), 9).String()
}

func (c *chain) coins() string {
	out := sdk.NewCoins()
	if c.random.Intn(3) > 0 {
		out = out.Add(sdk.NewInt64Coin(denom, 1+c.random.Int63n(10_000_000)))
	}
	if out.Empty() || c.random.Intn(2) == 0 {
		out = out.Add(sdk.NewInt64Coin(feeDenom, 1+c.random.Int63n(1000)))
	}
	return out.String()
}

func (c *chain) create() []any {
	name := c.anyValidator()
	// A tombstoned key gets no new validator here; ADR 21.
	if c.slashing.IsTombstoned(c.ctx, consensus(index(name))) {
		return nil
	}
	// With little, so that the weakest of the set change; at times with too little of a self delegation.
	return []any{name, fmt.Sprint(500_000 + c.random.Int63n(30_000_000)), c.rate(), "1", "0.5", fmt.Sprint(1 + c.random.Int63n(600_000))}
}

func (c *chain) edit() []any {
	least := ""
	if c.random.Intn(3) == 0 {
		least = fmt.Sprint(1 + c.random.Int63n(2_000_000))
	}
	return []any{c.anyValidator(), c.rate(), least}
}

func (c *chain) delegate() []any { return []any{c.anyone(), c.anyValidator(), c.amount()} }

type held struct {
	delegator, validator string
	shares, tokens       math.LegacyDec
	last, unbonded       bool
}

// delegation picks one, with what its shares are worth.
func (c *chain) delegation() (held, bool) {
	all, err := c.staking.GetAllDelegations(c.ctx)
	must(err)
	if len(all) == 0 {
		return held{}, false
	}
	one := all[c.random.Intn(len(all))]
	address, err := sdk.ValAddressFromBech32(one.ValidatorAddress)
	must(err)
	validator, err := c.staking.GetValidator(c.ctx, address)
	must(err)
	tokens := math.LegacyZeroDec()
	if validator.Tokens.IsPositive() {
		tokens = validator.TokensFromShares(one.Shares)
	}
	return held{c.names[one.DelegatorAddress], c.names[one.ValidatorAddress], one.Shares, tokens, one.Shares.Equal(validator.DelegatorShares), validator.IsUnbonded()}, true
}

// part is all of it, nearly all, more than all, or any part.
func (c *chain) part(tokens math.LegacyDec) string {
	whole := tokens.TruncateInt()
	switch c.random.Intn(8) {
	case 0, 1:
		return math.MaxInt(whole, math.OneInt()).String()
	case 2:
		return whole.AddRaw(1 + c.random.Int63n(2)).String()
	}
	if whole.LTE(math.OneInt()) {
		return "1"
	}
	return math.NewInt(1 + c.random.Int63n(whole.Int64())).String()
}

// steadfast: what the validators that always sign are held by stays.
func steadfast(one held) bool {
	return one.validator == "v0" && one.delegator == "a0" || one.validator == "v1" && one.delegator == "a1"
}

func (c *chain) undelegate() []any {
	one, found := c.delegation()
	if !found || steadfast(one) {
		return nil
	}
	return []any{one.delegator, one.validator, c.part(one.tokens)}
}

func (c *chain) redelegate() []any {
	one, found := c.delegation()
	// The SDK keeps an entry where the last shares of an unbonded validator move on; ADR 17.
	if !found || steadfast(one) || one.last && one.unbonded {
		return nil
	}
	return []any{one.delegator, one.validator, c.anyValidator(), c.part(one.tokens)}
}

func (c *chain) cancel() []any {
	var all []stakingtypes.UnbondingDelegation
	must(c.staking.IterateUnbondingDelegations(c.ctx, func(_ int64, one stakingtypes.UnbondingDelegation) bool {
		all = append(all, one)
		return false
	}))
	if len(all) == 0 {
		return nil
	}
	one := all[c.random.Intn(len(all))]
	entry := one.Entries[c.random.Intn(len(one.Entries))]
	return []any{c.names[one.DelegatorAddress], c.names[one.ValidatorAddress], c.part(math.LegacyNewDecFromInt(entry.Balance)), fmt.Sprint(entry.CreationHeight)}
}

func (c *chain) withdraw() []any {
	if c.random.Intn(8) == 0 {
		return []any{c.anyone(), c.anyValidator()}
	}
	one, found := c.delegation()
	if !found {
		return nil
	}
	return []any{one.delegator, one.validator}
}

func (c *chain) commission() []any { return []any{c.anyValidator()} }

func (c *chain) unjail() []any {
	all, err := c.staking.GetAllValidators(c.ctx)
	must(err)
	var jailed []any
	for _, one := range all {
		if one.Jailed {
			jailed = append(jailed, c.names[one.OperatorAddress])
		}
	}
	if len(jailed) == 0 {
		return []any{c.anyValidator()}
	}
	return jailed[c.random.Intn(len(jailed)):][:1]
}

// params changes one module's, as a proposal does.
func (c *chain) params() []any {
	write := func(module string, values codec.ProtoMarshaler) []any {
		return []any{module, decoded(c.codec.Codec.MustMarshalJSON(values))}
	}
	switch c.random.Intn(4) {
	case 0:
		values, err := c.staking.GetParams(c.ctx)
		must(err)
		values.MaxValidators = 3 + uint32(c.random.Intn(4))
		return write("staking", &values)
	case 1:
		values, err := c.distribution.Params.Get(c.ctx)
		must(err)
		values.CommunityTax = math.LegacyNewDecWithPrec(c.random.Int63n(1_000_000), 6)
		return write("distribution", &values)
	case 2:
		values, err := c.slashing.GetParams(c.ctx)
		must(err)
		values.SlashFractionDowntime = math.LegacyNewDecWithPrec(1+c.random.Int63n(99_999), 6)
		values.SignedBlocksWindow = 6 + c.random.Int63n(8)
		return write("slashing", &values)
	}
	values, err := c.mint.Params.Get(c.ctx)
	must(err)
	values.InflationMax = math.LegacyNewDecWithPrec(100+c.random.Int63n(200), 3)
	values.InflationRateChange = math.LegacyNewDecWithPrec(c.random.Int63n(1_000_000), 6)
	return write("mint", &values)
}

// index of an account or validator by its short name.
func index(name any) int {
	var i int
	_, err := fmt.Sscanf(strings.TrimLeft(name.(string), "av"), "%d", &i)
	must(err)
	return i
}

func coin(amount any) sdk.Coin {
	value, ok := math.NewIntFromString(amount.(string))
	if !ok {
		panic("no amount")
	}
	return sdk.NewCoin(denom, value)
}

func coinsOf(text any) sdk.Coins {
	out, err := sdk.ParseCoinsNormalized(text.(string))
	must(err)
	return out
}

// run executes an operation, all of it or nothing; gives "", or codespace and code of its failure.
func (c *chain) run(operation []any) string {
	ctx, write := c.ctx.CacheContext()
	if err := c.execute(ctx, operation[0].(string), operation[1:]); err != nil {
		codespace, code, _ := errorsmod.ABCIInfo(err, false)
		return fmt.Sprintf("%s %d", codespace, code)
	}
	write()
	return ""
}

func (c *chain) execute(ctx sdk.Context, kind string, a []any) error {
	stake, share := stakingkeeper.NewMsgServerImpl(c.staking), distrkeeper.NewMsgServerImpl(c.distribution)
	who := func(at int) string { return accountText(index(a[at])) }
	validator := func(at int) string { return operatorText(index(a[at])) }
	dec := func(at int) math.LegacyDec { return math.LegacyMustNewDecFromStr(a[at].(string)) }
	var err error
	switch kind {
	case "create":
		packed, bad := codectypes.NewAnyWithValue(key(index(a[0])))
		must(bad)
		_, err = stake.CreateValidator(ctx, &stakingtypes.MsgCreateValidator{
			Description: stakingtypes.Description{Moniker: a[0].(string)}, Commission: stakingtypes.NewCommissionRates(dec(2), dec(3), dec(4)), MinSelfDelegation: coin(a[5]).Amount,
			ValidatorAddress: validator(0), Pubkey: packed, Value: coin(a[1]),
		})
	case "edit":
		rate := dec(1)
		message := &stakingtypes.MsgEditValidator{Description: stakingtypes.NewDescription(stakingtypes.DoNotModifyDesc, stakingtypes.DoNotModifyDesc, stakingtypes.DoNotModifyDesc, stakingtypes.DoNotModifyDesc, stakingtypes.DoNotModifyDesc), ValidatorAddress: validator(0), CommissionRate: &rate}
		if a[2] != "" {
			least := coin(a[2]).Amount
			message.MinSelfDelegation = &least
		}
		_, err = stake.EditValidator(ctx, message)
	case "delegate":
		_, err = stake.Delegate(ctx, stakingtypes.NewMsgDelegate(who(0), validator(1), coin(a[2])))
	case "undelegate":
		_, err = stake.Undelegate(ctx, stakingtypes.NewMsgUndelegate(who(0), validator(1), coin(a[2])))
	case "redelegate":
		_, err = stake.BeginRedelegate(ctx, stakingtypes.NewMsgBeginRedelegate(who(0), validator(1), validator(2), coin(a[3])))
	case "cancel":
		var height int64
		_, bad := fmt.Sscan(a[3].(string), &height)
		must(bad)
		_, err = stake.CancelUnbondingDelegation(ctx, stakingtypes.NewMsgCancelUnbondingDelegation(who(0), validator(1), height, coin(a[2])))
	case "withdraw":
		_, err = share.WithdrawDelegatorReward(ctx, distrtypes.NewMsgWithdrawDelegatorReward(who(0), validator(1)))
	case "commission":
		_, err = share.WithdrawValidatorCommission(ctx, distrtypes.NewMsgWithdrawValidatorCommission(validator(0)))
	case "address":
		_, err = share.SetWithdrawAddress(ctx, distrtypes.NewMsgSetWithdrawAddress(account(index(a[0])), account(index(a[1]))))
	case "fund":
		_, err = share.FundCommunityPool(ctx, distrtypes.NewMsgFundCommunityPool(coinsOf(a[1]), who(0)))
	case "deposit":
		_, err = share.DepositValidatorRewardsPool(ctx, distrtypes.NewMsgDepositValidatorRewardsPool(who(0), validator(1), coinsOf(a[2])))
	case "spend":
		_, err = share.CommunityPoolSpend(ctx, &distrtypes.MsgCommunityPoolSpend{Authority: authority, Recipient: who(0), Amount: coinsOf(a[1])})
	case "unjail":
		_, err = slashingkeeper.NewMsgServerImpl(c.slashing).Unjail(ctx, slashingtypes.NewMsgUnjail(validator(0)))
	case "fees":
		err = c.bank.SendCoinsFromAccountToModule(ctx, account(accounts-1), "fee_collector", coinsOf(a[0]))
	case "params":
		err = c.update(ctx, a[0].(string), a[1])
	default:
		panic(kind)
	}
	return err
}

func (c *chain) update(ctx sdk.Context, module string, values any) error {
	text := encoded(values)
	var err error
	switch module {
	case "staking":
		message := &stakingtypes.MsgUpdateParams{Authority: authority}
		c.codec.Codec.MustUnmarshalJSON(text, &message.Params)
		_, err = stakingkeeper.NewMsgServerImpl(c.staking).UpdateParams(ctx, message)
	case "distribution":
		message := &distrtypes.MsgUpdateParams{Authority: authority}
		c.codec.Codec.MustUnmarshalJSON(text, &message.Params)
		_, err = distrkeeper.NewMsgServerImpl(c.distribution).UpdateParams(ctx, message)
	case "slashing":
		message := &slashingtypes.MsgUpdateParams{Authority: authority}
		c.codec.Codec.MustUnmarshalJSON(text, &message.Params)
		_, err = slashingkeeper.NewMsgServerImpl(c.slashing).UpdateParams(ctx, message)
	case "mint":
		message := &minttypes.MsgUpdateParams{Authority: authority}
		c.codec.Codec.MustUnmarshalJSON(text, &message.Params)
		_, err = mintkeeper.NewMsgServerImpl(c.mint).UpdateParams(ctx, message)
	}
	return err
}
