package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"os"
	"sort"
	"time"

	"cosmossdk.io/core/comet"
	"cosmossdk.io/core/header"
	"cosmossdk.io/log"
	"cosmossdk.io/math"
	storetypes "cosmossdk.io/store/types"
	evidencekeeper "cosmossdk.io/x/evidence/keeper"
	evidencetypes "cosmossdk.io/x/evidence/types"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/cosmos-sdk/codec/address"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/testutil/integration"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module/testutil"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/bank"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/distribution"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/mint"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

const (
	denom    = "udcm"
	feeDenom = "ufee"
	// Accounts 0 to operators-1 may have validators; the last one pays the fees.
	operators = 14
	accounts  = 16
	// Validators that never go down or sign twice, so that there is always a set.
	steady = 2
	// Of coins that each account begins with.
	wealth = 1_000_000_000_000
)

var (
	authority   string
	genesisTime = time.Unix(1_767_225_600, 0).UTC()
	moduleNames = []string{"fee_collector", "distribution", "mint", "bonded_tokens_pool", "not_bonded_tokens_pool"}
)

type signer struct {
	validator int
	power     int64
}

type chain struct {
	random  *rand.Rand
	ctx     sdk.Context
	height  int64
	time    time.Time
	codec   testutil.TestEncodingConfig
	genesis map[string]json.RawMessage
	names   map[string]string

	accounts     authkeeper.AccountKeeper
	bank         bankkeeper.BaseKeeper
	staking      *stakingkeeper.Keeper
	distribution distrkeeper.Keeper
	slashing     slashingkeeper.Keeper
	mint         mintkeeper.Keeper
	evidence     *evidencekeeper.Keeper
	misbehaved   []abci.Misbehavior

	// Who signs each height, as CometBFT has it.
	sets  map[int64]map[int]int64
	times map[int64]time.Time
	// Up to which height a validator does not sign.
	down map[int]int64
	// Outcomes of operations, by kind.
	seen map[string]map[string]int
}

func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
func account(i int) sdk.AccAddress    { return hashOf(fmt.Sprintf("account %d", i))[:20] }
func key(i int) *ed25519.PubKey       { return &ed25519.PubKey{Key: hashOf(fmt.Sprintf("consensus %d", i))} }
func operator(i int) sdk.ValAddress   { return sdk.ValAddress(account(i)) }
func operatorText(i int) string       { return operator(i).String() }
func accountText(i int) string        { return account(i).String() }
func consensus(i int) sdk.ConsAddress { return sdk.ConsAddress(key(i).Address()) }

func (c *chain) GetCometBlockInfo(context.Context) comet.BlockInfo { return blockInfo{c.misbehaved} }

func init() {
	config := sdk.GetConfig()
	config.SetBech32PrefixForAccount("dcm", "dcmpub")
	config.SetBech32PrefixForValidator("dcmvaloper", "dcmvaloperpub")
	config.SetBech32PrefixForConsensusNode("dcmvalcons", "dcmvalconspub")
	authority = authtypes.NewModuleAddress("gov").String()
	sdk.DefaultBondDenom = denom
}

func newChain(seed int64) *chain {
	c := &chain{random: rand.New(rand.NewSource(seed)), time: genesisTime, names: map[string]string{}, sets: map[int64]map[int]int64{}, times: map[int64]time.Time{}, down: map[int]int64{}, seen: map[string]map[string]int{}}
	c.codec = testutil.MakeTestEncodingConfig(auth.AppModuleBasic{}, bank.AppModuleBasic{}, staking.AppModuleBasic{}, distribution.AppModuleBasic{}, slashing.AppModuleBasic{}, mint.AppModuleBasic{})
	evidencetypes.RegisterInterfaces(c.codec.InterfaceRegistry)
	cdc := c.codec.Codec
	keys := storetypes.NewKVStoreKeys(authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, distrtypes.StoreKey, slashingtypes.StoreKey, minttypes.StoreKey, evidencetypes.StoreKey)
	stores := integration.CreateMultiStore(keys, log.NewNopLogger())
	c.ctx = sdk.NewContext(stores, cmtproto.Header{ChainID: "test-1"}, false, log.NewNopLogger()).WithConsensusParams(cmtproto.ConsensusParams{
		Evidence: &cmtproto.EvidenceParams{MaxAgeNumBlocks: 12, MaxAgeDuration: 80 * time.Second, MaxBytes: 1000},
	})
	service := func(name string) *storetypes.KVStoreKey { return keys[name] }
	permissions := map[string][]string{"fee_collector": nil, "distribution": nil, "mint": {"minter"}, "bonded_tokens_pool": {"burner", "staking"}, "not_bonded_tokens_pool": {"burner", "staking"}, "gov": {"burner"}}
	codecs := [3]address.Bech32Codec{{Bech32Prefix: "dcm"}, {Bech32Prefix: "dcmvaloper"}, {Bech32Prefix: "dcmvalcons"}}
	c.accounts = authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(service(authtypes.StoreKey)), authtypes.ProtoBaseAccount, permissions, codecs[0], "dcm", authority)
	blocked := map[string]bool{}
	for _, name := range moduleNames {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	c.bank = bankkeeper.NewBaseKeeper(cdc, runtime.NewKVStoreService(service(banktypes.StoreKey)), c.accounts, blocked, authority, log.NewNopLogger())
	c.staking = stakingkeeper.NewKeeper(cdc, runtime.NewKVStoreService(service(stakingtypes.StoreKey)), c.accounts, c.bank, authority, codecs[1], codecs[2])
	c.distribution = distrkeeper.NewKeeper(cdc, runtime.NewKVStoreService(service(distrtypes.StoreKey)), c.accounts, c.bank, c.staking, "fee_collector", authority)
	c.slashing = slashingkeeper.NewKeeper(cdc, c.codec.Amino, runtime.NewKVStoreService(service(slashingtypes.StoreKey)), c.staking, authority)
	c.mint = mintkeeper.NewKeeper(cdc, runtime.NewKVStoreService(service(minttypes.StoreKey)), c.staking, c.accounts, c.bank, "fee_collector", authority)
	c.evidence = evidencekeeper.NewKeeper(cdc, runtime.NewKVStoreService(service(evidencetypes.StoreKey)), c.staking, c.slashing, codecs[0], c)
	c.staking.SetHooks(stakingtypes.NewMultiStakingHooks(c.distribution.Hooks(), c.slashing.Hooks()))
	c.begin()
	return c
}

// begin writes genesis: rich accounts and parameters under which much happens in few blocks.
func (c *chain) begin() {
	staked := stakingtypes.NewParams(70*time.Second, 4, 3, 20, denom, math.LegacyMustNewDecFromStr("0.01"))
	shared := distrtypes.DefaultParams()
	shared.CommunityTax = math.LegacyMustNewDecFromStr("0.0213")
	punished := slashingtypes.NewParams(10, math.LegacyMustNewDecFromStr("0.55"), 25*time.Second, c.pickDec("0.0537", "0.333333333333333333", "1"), c.pickDec("0.0119", "0.000123456789"))
	minted := minttypes.NewParams(denom, math.LegacyMustNewDecFromStr("0.13"), math.LegacyMustNewDecFromStr("0.2"), math.LegacyMustNewDecFromStr("0.07"), math.LegacyMustNewDecFromStr("0.67"), 20000+uint64(c.random.Intn(4000)))
	minter := minttypes.DefaultInitialMinter()
	coins := sdk.NewCoins(sdk.NewInt64Coin(denom, wealth), sdk.NewInt64Coin(feeDenom, wealth))
	for i := 0; i < accounts; i++ {
		c.names[accountText(i)], c.names[operatorText(i)], c.names[consensus(i).String()] = fmt.Sprintf("a%d", i), fmt.Sprintf("v%d", i), fmt.Sprintf("c%d", i)
		c.accounts.SetAccount(c.ctx, c.accounts.NewAccountWithAddress(c.ctx, account(i)))
		must(c.bank.MintCoins(c.ctx, "mint", coins))
		must(c.bank.SendCoinsFromModuleToAccount(c.ctx, "mint", account(i), coins))
	}
	for _, name := range moduleNames {
		c.accounts.GetModuleAccount(c.ctx, name)
	}
	must(c.staking.SetParams(c.ctx, staked))
	must(c.distribution.Params.Set(c.ctx, shared))
	must(c.distribution.FeePool.Set(c.ctx, distrtypes.InitialFeePool()))
	must(c.slashing.SetParams(c.ctx, punished))
	must(c.mint.Params.Set(c.ctx, minted))
	must(c.mint.Minter.Set(c.ctx, minter))
	c.genesis = map[string]json.RawMessage{
		"staking": c.codec.Codec.MustMarshalJSON(&staked), "distribution": c.codec.Codec.MustMarshalJSON(&shared), "slashing": c.codec.Codec.MustMarshalJSON(&punished), "mint": c.codec.Codec.MustMarshalJSON(&minted),
		"minter": c.codec.Codec.MustMarshalJSON(&minter),
	}
}

func (c *chain) pickDec(choices ...string) math.LegacyDec {
	return math.LegacyMustNewDecFromStr(choices[c.random.Intn(len(choices))])
}

// Strongest first, then by address, as in CometBFT.
func (c *chain) signersOf(height int64) []signer {
	var out []signer
	for validator, power := range c.sets[height] {
		out = append(out, signer{validator, power})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].power != out[j].power {
			return out[i].power > out[j].power
		}
		return consensus(out[i].validator).String() < consensus(out[j].validator).String()
	})
	return out
}

// block executes one: its beginning, random operations, its end.
func (c *chain) block() block {
	out := block{Seconds: 3 + c.random.Int63n(7), Operations: [][]any{}, Votes: [][3]any{}}
	if c.height > 0 && c.random.Intn(25) == 0 {
		out.Seconds += []int64{60, 86_400}[c.random.Intn(2)] // an outage, short or long
	}
	c.height++
	c.time = c.time.Add(time.Duration(out.Seconds) * time.Second)
	c.times[c.height] = c.time
	var votes []abci.VoteInfo
	signers := c.signersOf(c.height - 1)
	for _, one := range signers {
		if one.validator >= steady && c.random.Intn(14) == 0 {
			c.down[one.validator] = c.height + 2 + c.random.Int63n(10)
		}
		signed := c.down[one.validator] < c.height
		flag := cmtproto.BlockIDFlagCommit
		if !signed {
			flag = cmtproto.BlockIDFlagAbsent
		}
		votes = append(votes, abci.VoteInfo{Validator: abci.Validator{Address: consensus(one.validator), Power: one.power}, BlockIdFlag: flag})
		out.Votes = append(out.Votes, [3]any{fmt.Sprintf("v%d", one.validator), one.power, signed})
	}
	c.misbehaved = nil
	if c.random.Intn(20) == 0 && c.height > 6 {
		c.doubleSign(&out)
	}
	proposer := consensus(0)
	if len(signers) > 0 {
		proposer = consensus(signers[int(c.height)%len(signers)].validator)
	}
	c.ctx = c.ctx.WithBlockHeader(cmtproto.Header{ChainID: "test-1", Height: c.height, Time: c.time, ProposerAddress: proposer}).
		WithHeaderInfo(header.Info{ChainID: "test-1", Height: c.height, Time: c.time}).WithVoteInfos(votes).WithEventManager(sdk.NewEventManager())
	must(mint.BeginBlocker(c.ctx, c.mint))
	must(c.distribution.BeginBlocker(c.ctx))
	must(slashing.BeginBlocker(c.ctx, c.slashing))
	must(c.evidence.BeginBlocker(c.ctx))
	must(c.staking.BeginBlocker(c.ctx))
	out.Operations = append(out.Operations, c.operations()...)
	updates, err := c.staking.EndBlocker(c.ctx)
	must(err)
	out.Updates = c.apply(updates)
	return out
}

// doubleSign reports a validator that was in the set of one of the last heights.
func (c *chain) doubleSign(out *block) {
	height := c.height - 1 - c.random.Int63n(5)
	var guilty []signer
	for _, one := range c.signersOf(height) {
		if one.validator >= steady {
			guilty = append(guilty, one)
		}
	}
	if len(guilty) == 0 {
		return
	}
	one := guilty[c.random.Intn(len(guilty))]
	c.misbehaved = append(c.misbehaved, abci.Misbehavior{Type: abci.MisbehaviorType_DUPLICATE_VOTE, Validator: abci.Validator{Address: consensus(one.validator), Power: one.power}, Height: height, Time: c.times[height]})
	out.Evidence = append(out.Evidence, [3]any{fmt.Sprintf("v%d", one.validator), height, one.power})
	c.count("evidence", "")
}

// apply tells CometBFT who signs from the block after the next on.
func (c *chain) apply(updates []abci.ValidatorUpdate) map[string]int64 {
	next := map[int]int64{}
	for validator, power := range c.sets[c.height+1] {
		next[validator] = power
	}
	told := map[string]int64{}
	for _, update := range updates {
		for i := 0; i < operators; i++ {
			if string(update.PubKey.GetEd25519()) != string(key(i).Key) {
				continue
			}
			told[fmt.Sprintf("v%d", i)] = update.Power
			if update.Power == 0 {
				delete(next, i)
			} else {
				next[i] = update.Power
			}
		}
	}
	if len(next) == 0 {
		panic("nobody signs any more")
	}
	c.sets[c.height+2] = next
	return told
}

// state is all that the modules would export, with the balances.
func (c *chain) state() map[string]any {
	cdc := c.codec.Codec
	sections := map[string][]byte{
		"staking": cdc.MustMarshalJSON(c.staking.ExportGenesis(c.ctx)), "distribution": cdc.MustMarshalJSON(c.distribution.ExportGenesis(c.ctx)), "slashing": cdc.MustMarshalJSON(c.slashing.ExportGenesis(c.ctx)),
		"mint": cdc.MustMarshalJSON(c.mint.ExportGenesis(c.ctx)),
	}
	out := map[string]any{}
	for name, section := range sections {
		values := decoded(section).(map[string]any)
		out[name] = tree(values, c.names)
	}
	for _, validator := range out["staking"].(map[string]any)["validators"].(map[string]any) {
		delete(validator.(map[string]any), "description")
		delete(validator.(map[string]any), "consensus_pubkey")
		// The SDK lets them pile up; ADR 17.
		delete(validator.(map[string]any), "unbonding_ids")
	}
	balances := map[string]any{}
	for i := 0; i < accounts; i++ {
		balances[fmt.Sprintf("a%d", i)] = c.bank.GetAllBalances(c.ctx, account(i)).String()
	}
	for _, name := range moduleNames {
		balances[name] = c.bank.GetAllBalances(c.ctx, authtypes.NewModuleAddress(name)).String()
	}
	balances["supply"] = sdk.NewCoins(c.bank.GetSupply(c.ctx, denom), c.bank.GetSupply(c.ctx, feeDenom)).String()
	out["balances"] = balances
	return out
}

func (c *chain) count(kind, outcome string) {
	if c.seen[kind] == nil {
		c.seen[kind] = map[string]int{}
	}
	c.seen[kind][outcome]++
}

// report says on standard error what the history has in it.
func (c *chain) report() {
	var kinds []string
	for kind := range c.seen {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	for _, kind := range kinds {
		fmt.Fprintln(io.Writer(os.Stderr), kind, c.seen[kind])
	}
}

type blockInfo struct{ misbehaved []abci.Misbehavior }

func (b blockInfo) GetEvidence() comet.EvidenceList { return evidence(b.misbehaved) }
func (b blockInfo) GetValidatorsHash() []byte       { return nil }
func (b blockInfo) GetProposerAddress() []byte      { return nil }
func (b blockInfo) GetLastCommit() comet.CommitInfo { return nil }

type evidence []abci.Misbehavior

func (e evidence) Len() int                 { return len(e) }
func (e evidence) Get(i int) comet.Evidence { return misbehavior{e[i]} }

type misbehavior struct{ abci.Misbehavior }

func (m misbehavior) Type() comet.MisbehaviorType { return comet.MisbehaviorType(m.Misbehavior.Type) }
func (m misbehavior) Validator() comet.Validator  { return validator{m.Misbehavior.Validator} }
func (m misbehavior) Height() int64               { return m.Misbehavior.Height }
func (m misbehavior) Time() time.Time             { return m.Misbehavior.Time }
func (m misbehavior) TotalVotingPower() int64     { return m.Misbehavior.TotalVotingPower }

type validator struct{ abci.Validator }

func (v validator) Address() []byte { return v.Validator.Address }
func (v validator) Power() int64    { return v.Validator.Power }
