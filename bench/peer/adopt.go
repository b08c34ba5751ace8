package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"cosmossdk.io/log"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/client/flags"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// adoptCommand has no configuration to read: app.toml in the home is not yet the SDK's.
func adoptCommand() *cobra.Command {
	var home, denom, minGasPrices string
	var keepRecent uint64
	command := &cobra.Command{
		Use:               "adopt",
		Short:             "Turn the home of a node that never ran into one of this chain: same keys, accounts, balances and config.toml",
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(*cobra.Command, []string) error {
			if err := adoptGenesis(filepath.Join(home, "config", "genesis.json"), home, denom); err != nil {
				return err
			}
			config := serverconfig.DefaultConfig()
			config.MinGasPrices = minGasPrices
			config.Pruning, config.PruningKeepRecent, config.PruningInterval = "custom", fmt.Sprint(keepRecent), "10"
			config.GRPC.Enable, config.GRPCWeb.Enable = false, false
			serverconfig.WriteConfigFile(filepath.Join(home, "config", "app.toml"), config)
			return nil
		},
	}
	command.Flags().StringVar(&home, flags.FlagHome, "", "the node's home")
	command.Flags().StringVar(&denom, "denom", "", "the coin that is staked and pays fees")
	command.Flags().StringVar(&minGasPrices, "minimum-gas-prices", "", "for app.toml")
	command.Flags().Uint64Var(&keepRecent, "pruning-keep-recent", 0, "for app.toml")
	for _, flag := range []string{flags.FlagHome, "denom", "minimum-gas-prices", "pruning-keep-recent"} {
		if err := command.MarkFlagRequired(flag); err != nil {
			panic(err)
		}
	}
	return command
}

// createValidator is what counts of the message that a dcmd home's validator announces itself with. The transaction itself carries one of that
// chain's own messages too, so it stays behind, and the genesis names the validator.
type createValidator struct {
	Address           string          `json:"validator_address"`
	PublicKey         json.RawMessage `json:"pubkey"`
	Commission        json.RawMessage `json:"commission"`
	MinSelfDelegation string          `json:"min_self_delegation"`
	Value             coin            `json:"value"`
}

type coin struct {
	Denom  string `json:"denom"`
	Amount string `json:"amount"`
}

type balance struct {
	Address string `json:"address"`
	Coins   []coin `json:"coins"`
}

// adoptGenesis keeps the accounts, the balances, the validator and the consensus params of a dcmd home; all else is the SDK's default.
func adoptGenesis(path, home, denom string) error {
	genesis, err := genutiltypes.AppGenesisFromFile(path)
	if err != nil {
		return err
	}
	var theirs struct {
		Auth struct {
			Accounts json.RawMessage `json:"accounts"`
		} `json:"auth"`
		Bank struct {
			Balances []balance `json:"balances"`
		} `json:"bank"`
		Genutil struct {
			GenTxs []struct {
				Body struct {
					Messages []json.RawMessage `json:"messages"`
				} `json:"body"`
			} `json:"gen_txs"`
		} `json:"genutil"`
	}
	if err := json.Unmarshal(genesis.AppState, &theirs); err != nil {
		return fmt.Errorf("%s: app_state: %w", path, err)
	}
	if len(theirs.Genutil.GenTxs) != 1 || len(theirs.Genutil.GenTxs[0].Body.Messages) == 0 {
		return fmt.Errorf("%s: app_state.genutil.gen_txs must hold the transaction of one validator: run dcmd genesis collect-gentxs", path)
	}
	var validator createValidator
	if err := json.Unmarshal(theirs.Genutil.GenTxs[0].Body.Messages[0], &validator); err != nil {
		return fmt.Errorf("%s: the validator's message: %w", path, err)
	}
	operator, err := sdk.ValAddressFromBech32(validator.Address)
	if err != nil {
		return fmt.Errorf("%s: the validator's address: %w", path, err)
	}

	options := viper.New()
	options.Set(flags.FlagHome, home)
	builder, err := composeChain(log.NewNopLogger(), options)
	if err != nil {
		return err
	}
	state := builder.DefaultGenesis()
	shares := validator.Value.Amount + ".000000000000000000"
	pool := authtypes.NewModuleAddress(stakingtypes.NotBondedPoolName).String()
	changes := map[string]map[string]any{
		"auth": {"accounts": theirs.Auth.Accounts},
		"bank": {"balances": append(theirs.Bank.Balances, balance{pool, []coin{validator.Value}})},
		"mint": {"params": map[string]any{"mint_denom": denom}},
		"staking": {
			"params": map[string]any{"bond_denom": denom},
			"validators": []any{map[string]any{
				"operator_address": validator.Address, "consensus_pubkey": validator.PublicKey, "status": stakingtypes.Unbonded.String(),
				"tokens": validator.Value.Amount, "delegator_shares": shares, "min_self_delegation": validator.MinSelfDelegation,
				"unbonding_time": time.Unix(0, 0).UTC(), "commission": map[string]any{"commission_rates": validator.Commission, "update_time": genesis.GenesisTime},
			}},
			"delegations": []any{map[string]any{"delegator_address": sdk.AccAddress(operator).String(), "validator_address": validator.Address, "shares": shares}},
		},
	}
	for module, change := range changes {
		if state[module], err = overlaid(state[module], change); err != nil {
			return fmt.Errorf("the genesis of %s: %w", module, err)
		}
	}
	if genesis.AppState, err = json.Marshal(state); err != nil {
		return err
	}
	return genesis.SaveAs(path)
}

// overlaid is an object with these fields in place of its own; where both are objects, within them.
func overlaid(object json.RawMessage, change map[string]any) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	for name, value := range change {
		var err error
		if inner, is := value.(map[string]any); is {
			fields[name], err = overlaid(fields[name], inner)
		} else {
			fields[name], err = json.Marshal(value)
		}
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(fields)
}
