package main

import (
	"fmt"
	"io"

	runtimev1alpha1 "cosmossdk.io/api/cosmos/app/runtime/v1alpha1"
	appv1alpha1 "cosmossdk.io/api/cosmos/app/v1alpha1"
	authv1 "cosmossdk.io/api/cosmos/auth/module/v1"
	authzv1 "cosmossdk.io/api/cosmos/authz/module/v1"
	bankv1 "cosmossdk.io/api/cosmos/bank/module/v1"
	consensusv1 "cosmossdk.io/api/cosmos/consensus/module/v1"
	distributionv1 "cosmossdk.io/api/cosmos/distribution/module/v1"
	evidencev1 "cosmossdk.io/api/cosmos/evidence/module/v1"
	feegrantv1 "cosmossdk.io/api/cosmos/feegrant/module/v1"
	genutilv1 "cosmossdk.io/api/cosmos/genutil/module/v1"
	govv1 "cosmossdk.io/api/cosmos/gov/module/v1"
	mintv1 "cosmossdk.io/api/cosmos/mint/module/v1"
	slashingv1 "cosmossdk.io/api/cosmos/slashing/module/v1"
	stakingv1 "cosmossdk.io/api/cosmos/staking/module/v1"
	txv1 "cosmossdk.io/api/cosmos/tx/config/v1"
	upgradev1 "cosmossdk.io/api/cosmos/upgrade/module/v1"
	vestingv1 "cosmossdk.io/api/cosmos/vesting/module/v1"
	"cosmossdk.io/core/appconfig"
	"cosmossdk.io/depinject"
	"cosmossdk.io/log"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"

	// Each module adds itself to what the configuration may name.
	_ "cosmossdk.io/x/evidence"
	_ "cosmossdk.io/x/feegrant/module"
	_ "cosmossdk.io/x/upgrade"
	_ "github.com/cosmos/cosmos-sdk/x/auth"
	_ "github.com/cosmos/cosmos-sdk/x/auth/tx/config"
	_ "github.com/cosmos/cosmos-sdk/x/auth/vesting"
	_ "github.com/cosmos/cosmos-sdk/x/authz/module"
	_ "github.com/cosmos/cosmos-sdk/x/bank"
	_ "github.com/cosmos/cosmos-sdk/x/consensus"
	_ "github.com/cosmos/cosmos-sdk/x/distribution"
	_ "github.com/cosmos/cosmos-sdk/x/genutil"
	_ "github.com/cosmos/cosmos-sdk/x/gov"
	_ "github.com/cosmos/cosmos-sdk/x/mint"
	_ "github.com/cosmos/cosmos-sdk/x/slashing"
	_ "github.com/cosmos/cosmos-sdk/x/staking"
)

// Addresses begin as this project's do, so that both chains can be given the same bytes.
const addressPrefix = "dcm"

// stockChain is the SDK's own modules in the order that its documentation gives them, with nothing added. A transaction runs
// through the SDK's ante handler: fees are deducted, signatures verified, sequences counted.
func stockChain() depinject.Config {
	module := func(name string, config proto.Message) *appv1alpha1.ModuleConfig {
		return &appv1alpha1.ModuleConfig{Name: name, Config: appconfig.WrapAny(config)}
	}
	permission := func(account string, permissions ...string) *authv1.ModuleAccountPermission {
		return &authv1.ModuleAccountPermission{Account: account, Permissions: permissions}
	}
	return appconfig.Compose(&appv1alpha1.Config{Modules: []*appv1alpha1.ModuleConfig{
		module("runtime", &runtimev1alpha1.Module{
			AppName:           "peer",
			PreBlockers:       []string{"upgrade", "auth"},
			BeginBlockers:     []string{"mint", "distribution", "slashing", "evidence", "staking", "authz"},
			EndBlockers:       []string{"gov", "staking", "feegrant"},
			InitGenesis:       []string{"auth", "bank", "distribution", "staking", "slashing", "gov", "mint", "genutil", "evidence", "authz", "feegrant", "upgrade", "vesting", "consensus"},
			OverrideStoreKeys: []*runtimev1alpha1.StoreKeyConfig{{ModuleName: "auth", KvStoreKey: "acc"}},
		}),
		module("auth", &authv1.Module{Bech32Prefix: addressPrefix, ModuleAccountPermissions: []*authv1.ModuleAccountPermission{
			permission("fee_collector"),
			permission("distribution"),
			permission("mint", "minter"),
			permission("bonded_tokens_pool", "burner", "staking"),
			permission("not_bonded_tokens_pool", "burner", "staking"),
			permission("gov", "burner"),
		}}),
		module("vesting", &vestingv1.Module{}),
		module("bank", &bankv1.Module{BlockedModuleAccountsOverride: []string{"fee_collector", "distribution", "mint", "bonded_tokens_pool", "not_bonded_tokens_pool"}}),
		module("staking", &stakingv1.Module{Bech32PrefixValidator: addressPrefix + "valoper", Bech32PrefixConsensus: addressPrefix + "valcons"}),
		module("slashing", &slashingv1.Module{}),
		module("tx", &txv1.Config{}),
		module("genutil", &genutilv1.Module{}),
		module("authz", &authzv1.Module{}),
		module("upgrade", &upgradev1.Module{}),
		module("distribution", &distributionv1.Module{}),
		module("evidence", &evidencev1.Module{}),
		module("mint", &mintv1.Module{}),
		module("feegrant", &feegrantv1.Module{}),
		module("gov", &govv1.Module{}),
		module("consensus", &consensusv1.Module{}),
	}})
}

// composeChain wires the modules together; nothing is opened yet.
func composeChain(logger log.Logger, options servertypes.AppOptions) (*runtime.AppBuilder, error) {
	var builder *runtime.AppBuilder
	if err := depinject.Inject(depinject.Configs(stockChain(), depinject.Supply(logger, options)), &builder); err != nil {
		return nil, fmt.Errorf("composing the SDK's modules: %w", err)
	}
	return builder, nil
}

// openChain builds the application over a database and loads its latest version.
func openChain(logger log.Logger, db dbm.DB, trace io.Writer, options servertypes.AppOptions, more ...func(*baseapp.BaseApp)) (*runtime.App, error) {
	builder, err := composeChain(logger, options)
	if err != nil {
		return nil, err
	}
	app := builder.Build(db, trace, append(server.DefaultBaseappOptions(options), more...)...)
	if err := app.Load(true); err != nil {
		return nil, fmt.Errorf("loading the state: %w", err)
	}
	return app, nil
}
