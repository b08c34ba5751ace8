package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cosmossdk.io/log"
	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
)

// Time between the headers of two blocks.
const blockTime = 5 * time.Second

// answer is what a line of `drive` is answered with.
type answer struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
}

// driver executes the transactions of a file, in their order, without a node.
type driver struct {
	app    *runtime.App
	txs    [][]byte
	next   int
	height int64
	time   time.Time
}

func driveCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "drive",
		Short: "Execute transactions in process, as the lines of standard input say, and answer each with the time that it took",
		Long: `Lines, each answered with one of JSON (the first answer comes when the chain has its first block):
  check N     CheckTx of the next N transactions, which stay the next
  recheck N   the same as after a block
  block N     FinalizeBlock and Commit of the next N transactions`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			context := server.GetServerContextFromCmd(cmd)
			file, err := cmd.Flags().GetString("transactions")
			if err != nil {
				return err
			}
			txs, err := readTransactions(file)
			if err != nil {
				return err
			}
			genesis, err := genutiltypes.AppGenesisFromFile(context.Config.GenesisFile())
			if err != nil {
				return err
			}
			db, err := dbm.NewDB("application", server.GetAppDBBackend(context.Viper), filepath.Join(context.Config.RootDir, "data"))
			if err != nil {
				return err
			}
			app, err := openChain(log.NewNopLogger(), db, nil, context.Viper)
			if err != nil {
				return err
			}
			defer app.Close()
			d := &driver{app: app, txs: txs, time: genesis.GenesisTime}
			return d.serve(genesis, os.Stdin, json.NewEncoder(os.Stdout))
		},
	}
	command.Flags().String(flags.FlagHome, "", "the node's home, of which the genesis and app.toml are taken and in which the state is written")
	command.Flags().String("transactions", "", "file of transactions, each after its length as 4 bytes, the most significant first")
	for _, flag := range []string{flags.FlagHome, "transactions"} {
		if err := command.MarkFlagRequired(flag); err != nil {
			panic(err)
		}
	}
	return command
}

func (d *driver) serve(genesis *genutiltypes.AppGenesis, in io.Reader, out *json.Encoder) error {
	params := genesis.Consensus.Params.ToProto()
	if _, err := d.app.InitChain(&abci.RequestInitChain{Time: genesis.GenesisTime, ChainId: genesis.ChainID, InitialHeight: 1, ConsensusParams: &params, AppStateBytes: genesis.AppState}); err != nil {
		return fmt.Errorf("InitChain: %w", err)
	}
	if err := d.block(0); err != nil {
		return err
	}
	if err := out.Encode(answer{}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var verb string
		var count int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &verb, &count); err != nil {
			return fmt.Errorf("%q is not a verb and a number: %w", lines.Text(), err)
		}
		if count < 0 || count > len(d.txs)-d.next {
			return fmt.Errorf("%q: %d transactions are left", lines.Text(), len(d.txs)-d.next)
		}
		took, err := measured(func() error {
			switch verb {
			case "check":
				return d.check(count, abci.CheckTxType_New)
			case "recheck":
				return d.check(count, abci.CheckTxType_Recheck)
			case "block":
				return d.block(count)
			}
			return errors.New("it knows check, recheck and block")
		})
		if err != nil {
			return fmt.Errorf("%s: %w", lines.Text(), err)
		}
		if err := out.Encode(took); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (d *driver) check(count int, kind abci.CheckTxType) error {
	for i, tx := range d.txs[d.next : d.next+count] {
		result, err := d.app.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: kind})
		if err != nil {
			return err
		}
		if result.Code != 0 {
			return fmt.Errorf("transaction %d was refused with code %d: %s", d.next+i, result.Code, result.Log)
		}
	}
	return nil
}

func (d *driver) block(count int) error {
	d.height++
	d.time = d.time.Add(blockTime)
	result, err := d.app.FinalizeBlock(&abci.RequestFinalizeBlock{Height: d.height, Time: d.time, Txs: d.txs[d.next : d.next+count]})
	if err != nil {
		return fmt.Errorf("FinalizeBlock: %w", err)
	}
	for i, tx := range result.TxResults {
		if tx.Code != 0 {
			return fmt.Errorf("transaction %d failed with code %d: %s", d.next+i, tx.Code, tx.Log)
		}
	}
	if _, err := d.app.Commit(); err != nil {
		return fmt.Errorf("Commit: %w", err)
	}
	d.next += count
	return nil
}

// measured runs work and says how long it took, and how much CPU all threads of the process used.
func measured(work func() error) (answer, error) {
	before, start := cpuSeconds(), time.Now()
	err := work()
	return answer{Seconds: time.Since(start).Seconds(), CPUSeconds: cpuSeconds() - before}, err
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func readTransactions(path string) ([][]byte, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var txs [][]byte
	for len(bytes) > 0 {
		if len(bytes) < 4 || uint64(len(bytes)-4) < uint64(binary.BigEndian.Uint32(bytes)) {
			return nil, fmt.Errorf("%s ends within transaction %d", path, len(txs))
		}
		end := 4 + int(binary.BigEndian.Uint32(bytes))
		txs, bytes = append(txs, bytes[4:end]), bytes[end:]
	}
	return txs, nil
}
