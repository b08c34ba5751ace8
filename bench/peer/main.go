// Command peer is a Cosmos SDK chain to compare this project with: `adopt` turns the home of a dcmd node into one of its own, `start` is
// the SDK's own command, and `drive` executes blocks without a node.
package main

import (
	"io"
	"os"

	"cosmossdk.io/log"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/server"
	servercmd "github.com/cosmos/cosmos-sdk/server/cmd"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	cometconfig "github.com/cometbft/cometbft/config"
)

func main() {
	prefixes := sdk.GetConfig()
	prefixes.SetBech32PrefixForAccount(addressPrefix, addressPrefix+"pub")
	prefixes.SetBech32PrefixForValidator(addressPrefix+"valoper", addressPrefix+"valoperpub")
	prefixes.SetBech32PrefixForConsensusNode(addressPrefix+"valcons", addressPrefix+"valconspub")
	prefixes.Seal()

	root := &cobra.Command{
		Use:          "peer",
		Short:        "A Cosmos SDK chain to compare with",
		SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := client.SetCmdClientContextHandler(client.Context{}.WithCmdContext(cmd.Context()), cmd); err != nil {
				return err
			}
			return server.InterceptConfigsPreRunHandler(cmd, serverconfig.DefaultConfigTemplate, serverconfig.DefaultConfig(), cometconfig.DefaultConfig())
		},
	}
	root.AddCommand(adoptCommand(), driveCommand(), versionsCommand(), server.StartCmd(newApplication, ""))
	if err := servercmd.Execute(root, "PEER", ""); err != nil {
		os.Exit(1)
	}
}

// newApplication is what `start` runs: it executes a proposed block while the votes for it are still cast, as the SDK's own chain does.
func newApplication(logger log.Logger, db dbm.DB, trace io.Writer, options servertypes.AppOptions) servertypes.Application {
	app, err := openChain(logger, db, trace, options, baseapp.SetOptimisticExecution())
	if err != nil {
		panic(err)
	}
	return app
}
