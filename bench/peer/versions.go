package main

import (
	"encoding/json"
	"errors"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionsCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "versions",
		Short:             "Print what the binary was built of",
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(*cobra.Command, []string) error {
			build, there := debug.ReadBuildInfo()
			if !there {
				return errors.New("the binary has no build information")
			}
			versions := map[string]string{"go": build.GoVersion}
			for _, module := range build.Deps {
				switch module.Path {
				case "github.com/cosmos/cosmos-sdk":
					versions["cosmos_sdk"] = module.Version
				case "github.com/cometbft/cometbft":
					versions["peer_cometbft"] = module.Version
				}
			}
			return json.NewEncoder(os.Stdout).Encode(versions)
		},
	}
}
