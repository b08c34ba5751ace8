// Writes the vectors of binary amino transactions: what the Cosmos SDK's LegacyAmino makes of StdTx in JSON and of its bytes, as
// TxEncodeAmino and TxDecodeAmino answer. Usage, in this folder: go run . > ../stdtx.json
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	evidence "cosmossdk.io/x/evidence/types"
	feegrant "cosmossdk.io/x/feegrant"
	upgrade "cosmossdk.io/x/upgrade/types"
	"github.com/cosmos/gogoproto/proto"
	gogoany "github.com/cosmos/gogoproto/types/any"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/auth/migrations/legacytx"
	auth "github.com/cosmos/cosmos-sdk/x/auth/types"
	vesting "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	authz "github.com/cosmos/cosmos-sdk/x/authz"
	bank "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensus "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distribution "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	govv1beta1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1beta1"
	mint "github.com/cosmos/cosmos-sdk/x/mint/types"
	params "github.com/cosmos/cosmos-sdk/x/params/types/proposal"
	slashing "github.com/cosmos/cosmos-sdk/x/slashing/types"
	staking "github.com/cosmos/cosmos-sdk/x/staking/types"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func codecs() (*codec.LegacyAmino, codectypes.InterfaceRegistry) {
	amino, registry := codec.NewLegacyAmino(), codectypes.NewInterfaceRegistry()
	std.RegisterLegacyAminoCodec(amino)
	std.RegisterInterfaces(registry)
	for _, register := range []func(*codec.LegacyAmino){
		auth.RegisterLegacyAminoCodec, vesting.RegisterLegacyAminoCodec, authz.RegisterLegacyAminoCodec, bank.RegisterLegacyAminoCodec,
		consensus.RegisterLegacyAminoCodec, distribution.RegisterLegacyAminoCodec, govv1.RegisterLegacyAminoCodec, govv1beta1.RegisterLegacyAminoCodec,
		mint.RegisterLegacyAminoCodec, params.RegisterLegacyAminoCodec, slashing.RegisterLegacyAminoCodec, staking.RegisterLegacyAminoCodec,
		evidence.RegisterLegacyAminoCodec, feegrant.RegisterLegacyAminoCodec, upgrade.RegisterLegacyAminoCodec,
	} {
		register(amino)
	}
	for _, register := range []func(codectypes.InterfaceRegistry){
		auth.RegisterInterfaces, vesting.RegisterInterfaces, authz.RegisterInterfaces, bank.RegisterInterfaces, consensus.RegisterInterfaces,
		distribution.RegisterInterfaces, govv1.RegisterInterfaces, govv1beta1.RegisterInterfaces, mint.RegisterInterfaces, params.RegisterInterfaces,
		slashing.RegisterInterfaces, staking.RegisterInterfaces, evidence.RegisterInterfaces, feegrant.RegisterInterfaces, upgrade.RegisterInterfaces,
	} {
		register(registry)
	}
	return amino, registry
}

// guarded turns a panic, which the SDK's gRPC server recovers, into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

func encode(amino *codec.LegacyAmino, text string) (out []byte, err error) {
	err = guarded(func() error {
		var tx legacytx.StdTx
		if err := amino.UnmarshalJSON([]byte(text), &tx); err != nil {
			return err
		}
		out, err = amino.Marshal(tx)
		return err
	})
	return out, err
}

func decode(amino *codec.LegacyAmino, bytes []byte) (out []byte, err error) {
	err = guarded(func() error {
		var tx legacytx.StdTx
		if err := amino.Unmarshal(bytes, &tx); err != nil {
			return err
		}
		out, err = amino.MarshalJSON(tx)
		return err
	})
	return out, err
}

func describe(err error) any {
	if err == nil {
		return nil
	}
	return strings.SplitN(err.Error(), "\n", 2)[0]
}

type writer struct{ first bool }

func (w *writer) line(parts ...any) {
	out, err := json.Marshal(parts)
	must(err)
	if !w.first {
		fmt.Print(",\n")
	}
	w.first = false
	fmt.Printf("%s", out)
}

func main() {
	gogoany.Debug = false
	amino, registry := codecs()

	fmt.Print("{\"encode\":[\n")
	w := &writer{first: true}
	var seen [][]byte
	for _, text := range append(written(), generated(amino, registry)...) {
		bytes, err := encode(amino, text)
		if err != nil {
			w.line(text, nil, describe(err))
			continue
		}
		w.line(text, base64.StdEncoding.EncodeToString(bytes), nil)
		seen = append(seen, bytes)
	}
	fmt.Print("\n],\"decode\":[\n")
	w = &writer{first: true}
	for _, bytes := range append(seen, damaged(seen)...) {
		text, err := decode(amino, bytes)
		if err != nil {
			w.line(base64.StdEncoding.EncodeToString(bytes), nil, describe(err))
			continue
		}
		w.line(base64.StdEncoding.EncodeToString(bytes), string(text), nil)
	}
	fmt.Print("\n]}\n")
}

// generated wraps each message of ../../amino/amino-json.json that LegacyAmino knows.
func generated(amino *codec.LegacyAmino, registry codectypes.InterfaceRegistry) []string {
	file, err := os.ReadFile("../../amino/amino-json.json")
	must(err)
	var vectors [][3]string
	must(json.Unmarshal(file, &vectors))
	proto := codec.NewProtoCodec(registry)
	var out []string
	for i, vector := range vectors {
		if !strings.Contains(vector[0], ".Msg") {
			continue
		}
		bytes, err := base64.StdEncoding.DecodeString(vector[1])
		must(err)
		text := ""
		if err := guarded(func() error {
			msg, err := fromWire(proto, vector[0], bytes)
			if err != nil {
				return err
			}
			tx := legacytx.StdTx{
				Msgs:       []sdk.Msg{msg},
				Fee:        legacytx.StdFee{Amount: sdk.NewCoins(sdk.NewInt64Coin("udcm", int64(i))), Gas: uint64(i) << (i % 40)},
				Signatures: []legacytx.StdSignature{},
				Memo:       vector[0],
			}
			out, err := amino.MarshalJSON(tx)
			text = string(out)
			return err
		}); err != nil {
			fmt.Fprintln(os.Stderr, vector[0], describe(err))
			continue
		}
		out = append(out, text)
	}
	return out
}

func fromWire(cdc *codec.ProtoCodec, typeURL string, bytes []byte) (sdk.Msg, error) {
	msg, err := cdc.InterfaceRegistry().Resolve(typeURL)
	if err != nil {
		return nil, err
	}
	if err := cdc.Unmarshal(bytes, msg.(codec.ProtoMarshaler)); err != nil {
		return nil, err
	}
	return msg.(proto.Message), nil
}

// damaged are transactions cut short, with a byte changed, with bytes after them, and what is none at all.
func damaged(whole [][]byte) [][]byte {
	out := [][]byte{{}, {1}, {1, 2, 3, 4}, whole[0][4:], append(append([]byte{}, whole[0]...), 0), append(append([]byte{}, whole[0]...), 0x32, 1, 7), append(append([]byte{}, whole[0]...), 0x0a, 0)}
	first := whole[0]
	for i := 1; i < len(first); i += 7 {
		out = append(out, first[:i])
	}
	for i := 0; i < len(first); i += 3 {
		changed := append([]byte{}, first...)
		changed[i] ^= 1 << (i % 8)
		out = append(out, changed)
	}
	return out
}
