package main

import (
	"strings"
)

const (
	alice   = `"dcm1qypqxpq9qcrsszgszyfpx9q4zct3sxfqzqwsz7"`
	bob     = `"dcm1zg69v7yszg69v7yszg69v7yszg69v7ysl7jmlw"`
	key     = `{"type":"tendermint/PubKeySecp256k1","value":"Anm+Zn753LusVaBilc6HCwcCm/zbLc4o2VnygVsW+BeY"}`
	key2    = `{"type":"tendermint/PubKeySecp256k1","value":"AsYEf5RB7X1tMEVAbpXAfNhcd45LjO88pwm6gLlcXJ7l"}`
	edKey   = `{"type":"tendermint/PubKeyEd25519","value":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}`
	signed  = `"a2ludGVycGV0YSBpbmZyYSBzaWduYXR1cmE="`
	send    = `{"type":"cosmos-sdk/MsgSend","value":{"from_address":` + alice + `,"to_address":` + bob + `,"amount":[{"denom":"udcm","amount":"1"}]}}`
	someFee = `{"amount":[{"denom":"udcm","amount":"2500"}],"gas":"100000"}`
)

func tx(msgs, fee, signatures, rest string) string {
	return `{"type":"cosmos-sdk/StdTx","value":{"msg":[` + msgs + `],"fee":` + fee + `,"signatures":` + signatures + rest + `}}`
}

func msg(name, value string) string {
	return tx(`{"type":"`+name+`","value":`+value+`}`, someFee, "[]", `,"memo":"","timeout_height":"0"`)
}

// written are transactions by hand: of every part of a StdTx, and what is refused.
func written() []string {
	one := `[{"pub_key":` + key + `,"signature":` + signed + `}]`
	multisig := `[{"pub_key":{"type":"tendermint/PubKeyMultisigThreshold","value":{"threshold":"2","pubkeys":[` + key + `,` + key2 + `,` + edKey + `]}},"signature":` + signed + `}]`
	nested := `[{"pub_key":{"type":"tendermint/PubKeyMultisigThreshold","value":{"threshold":"1","pubkeys":[{"type":"tendermint/PubKeyMultisigThreshold","value":{"threshold":"1","pubkeys":[` + key + `]}}]}},"signature":""}]`
	out := []string{
		tx(send, someFee, one, `,"memo":"for the \u003cfirst\u003e & \"last\"","timeout_height":"0"`),
		tx(send, someFee, one, `,"memo":""`),
		tx(send, someFee, one, ""),
		tx(send, someFee, one, `,"memo":"\u00e9\ud83e\udd16\u2028","timeout_height":"18446744073709551615"`),
		tx(send+","+send, someFee, `[{"pub_key":`+key+`,"signature":`+signed+`},{"pub_key":`+key2+`,"signature":`+signed+`}]`, `,"memo":"two"`),
		tx(send, someFee, multisig, `,"memo":"multisig","timeout_height":"12"`),
		tx(send, someFee, nested, ""),
		tx(send, someFee, `[{"pub_key":null,"signature":`+signed+`}]`, ""),
		tx(send, someFee, `[{"signature":null}]`, ""),
		tx(send, someFee, `[{}]`, ""),
		tx(send, someFee, `null`, ""),
		tx(send, `{"amount":[],"gas":"0"}`, "[]", ""),
		tx(send, `{"amount":null,"gas":"1","payer":`+alice+`,"granter":`+bob+`}`, "[]", ""),
		tx(send, `{"amount":[{"denom":"a","amount":"0"},{"denom":"","amount":"115792089237316195423570985008687907853269984665640564039457584007913129639935"},{"denom":"c","amount":"-5"}],"gas":"1","payer":`+alice+`}`, "[]", ""),
		tx(send, `{"gas":"1","granter":`+bob+`}`, "[]", ""),
		tx(send, `{}`, "[]", ""),
		tx(send, `null`, "[]", ""),
		tx("", someFee, one, ""),
		tx("null", someFee, one, ""),
		`{"type":"cosmos-sdk/StdTx","value":{}}`,
		`{"type":"cosmos-sdk/StdTx","value":null}`,
		`{"value":{"memo":"a"},"more":[1],"type":"cosmos-sdk/StdTx"}`,
		`{"type":"cosmos-sdk/StdTx","value":{"memo":"a","memo":"b","Memo":"c","unknown":{"x":1}}}`,
		msg("cosmos-sdk/MsgSend", `{}`),
		msg("cosmos-sdk/MsgSend", `null`),
		msg("cosmos-sdk/MsgDelegate", `{"delegator_address":`+alice+`,"validator_address":`+bob+`,"amount":{"denom":"udcm","amount":"18014398509481985"}}`),
		msg("cosmos-sdk/MsgVote", `{"proposal_id":"7","voter":`+alice+`,"option":1}`),
		msg("cosmos-sdk/MsgVote", `{"proposal_id":"0","voter":`+alice+`,"option":0}`),
		msg("cosmos-sdk/v1/MsgVote", `{"proposal_id":"7","voter":`+alice+`,"option":4,"metadata":"m"}`),
		msg("cosmos-sdk/MsgVoteWeighted", `{"proposal_id":"7","voter":`+alice+`,"options":[{"option":1,"weight":"0.7"},{"option":3,"weight":"0.300000000000000000"}]}`),
		msg("cosmos-sdk/MsgMultiSend", `{"inputs":[{"address":`+alice+`,"coins":[{"denom":"udcm","amount":"3"}]}],"outputs":[{"address":`+bob+`,"coins":[]},{"address":`+bob+`,"coins":[{"denom":"udcm","amount":"3"}]},{}]}`),
		msg("cosmos-sdk/MsgEditValidator", `{"description":{"moniker":"m","identity":"[do-not-modify]"},"validator_address":`+bob+`,"commission_rate":"0.05","min_self_delegation":"10"}`),
		msg("cosmos-sdk/MsgEditValidator", `{"description":{},"validator_address":`+bob+`}`),
		msg("cosmos-sdk/MsgCreateValidator", `{"description":{"moniker":"m"},"commission":{"rate":"0.1","max_rate":"0.2","max_change_rate":"0.01"},"min_self_delegation":"1","validator_address":`+bob+`,"pubkey":`+edKey+`,"value":{"denom":"udcm","amount":"1000"}}`),
		msg("cosmos-sdk/MsgGrant", `{"granter":`+alice+`,"grantee":`+bob+`,"grant":{"authorization":{"type":"cosmos-sdk/StakeAuthorization","value":{"Validators":{"type":"cosmos-sdk/StakeAuthorization/AllowList","value":{"allow_list":{"address":[`+bob+`]}}},"max_tokens":{"denom":"udcm","amount":"5"},"authorization_type":1}},"expiration":"2027-01-01T00:00:00.5Z"}}`),
		msg("cosmos-sdk/MsgGrant", `{"granter":`+alice+`,"grantee":`+bob+`,"grant":{"authorization":{"type":"cosmos-sdk/SendAuthorization","value":{"spend_limit":[{"denom":"udcm","amount":"5"}],"allow_list":[]}}}}`),
		msg("cosmos-sdk/MsgExec", `{"grantee":`+bob+`,"msgs":[`+send+`,{"type":"cosmos-sdk/MsgExec","value":{"grantee":`+alice+`,"msgs":[`+send+`]}}]}`),
		msg("cosmos-sdk/MsgGrantAllowance", `{"granter":`+alice+`,"grantee":`+bob+`,"allowance":{"type":"cosmos-sdk/AllowedMsgAllowance","value":{"allowance":{"type":"cosmos-sdk/PeriodicAllowance","value":{"basic":{"spend_limit":[],"expiration":"2027-01-01T00:00:00Z"},"period":"3600000000000","period_spend_limit":[{"denom":"udcm","amount":"1"}],"period_can_spend":[],"period_reset":"2026-06-01T12:00:00Z"}},"allowed_messages":["/cosmos.bank.v1beta1.MsgSend"]}}}`),
		msg("cosmos-sdk/MsgGrantAllowance", `{"granter":`+alice+`,"grantee":`+bob+`,"allowance":{"type":"cosmos-sdk/BasicAllowance","value":{"spend_limit":null}}}`),
		msg("cosmos-sdk/MsgSubmitProposal", `{"content":{"type":"cosmos-sdk/TextProposal","value":{"title":"t","description":"d"}},"initial_deposit":[],"proposer":`+alice+`}`),
		msg("cosmos-sdk/v1/MsgSubmitProposal", `{"messages":[`+send+`],"initial_deposit":[{"denom":"udcm","amount":"1"}],"proposer":`+alice+`,"metadata":"m","title":"t","summary":"s","expedited":true}`),
		msg("cosmos-sdk/MsgSubmitEvidence", `{"submitter":`+alice+`,"evidence":{"type":"cosmos-sdk/Equivocation","value":{"height":"5","time":"2026-01-01T00:00:00Z","power":"3","consensus_address":"a"}}}`),
		msg("cosmos-sdk/MsgSoftwareUpgrade", `{"authority":`+alice+`,"plan":{"name":"v2","time":"0001-01-01T00:00:00Z","height":"100","info":"i"}}`),
	}
	refused := []string{
		``, ` `, `null`, `[]`, `{}`, `7`, `"x"`, `{`, tx(send, someFee, one, "") + "x",
		`{"type":"cosmos-sdk/StdTx"}`, `{"value":{}}`, `{"type":7,"value":{}}`, `{"type":"cosmos-sdk/MsgSend","value":{}}`, `{"type":"cosmos-sdk/StdTx","value":[]}`, `{"type":"cosmos-sdk/StdTx","value":"x"}`,
		`{"msg":[],"fee":{"amount":[],"gas":"1"},"signatures":[],"memo":""}`,
		msg("cosmos-sdk/Unknown", `{}`), msg("/cosmos.bank.v1beta1.MsgSend", `{}`), tx(`{"type":"cosmos-sdk/MsgSend"}`, someFee, one, ""), tx(`7`, someFee, one, ""),
		tx(send, `{"amount":[],"gas":1}`, one, ""), tx(send, `{"amount":[],"gas":"-1"}`, one, ""), tx(send, `{"amount":[],"gas":"18446744073709551616"}`, one, ""), tx(send, `{"amount":[],"gas":"01"}`, one, ""),
		tx(send, `{"amount":[],"gas":"1.0"}`, one, ""), tx(send, `{"amount":[],"gas":""}`, one, ""), tx(send, `{"amount":{},"gas":"1"}`, one, ""), tx(send, `{"amount":[{"denom":"a","amount":7}],"gas":"1"}`, one, ""),
		tx(send, `{"amount":[{"denom":"a","amount":"x"}],"gas":"1"}`, one, ""), tx(send, `{"amount":[{"denom":"a","amount":""}],"gas":"1"}`, one, ""), tx(send, `{"amount":[{"denom":7,"amount":"1"}],"gas":"1"}`, one, ""),
		tx(send, `{"amount":[{"denom":"a","amount":"1`+strings.Repeat("0", 80)+`"}],"gas":"1"}`, one, ""),
		tx(send, someFee, `{}`, ""), tx(send, someFee, `[{"pub_key":{"type":"tendermint/PubKeySecp256k1","value":"AAAA"},"signature":""}]`, ""), tx(send, someFee, `[{"pub_key":{"type":"tendermint/PubKeySecp256k1","value":"=="},"signature":""}]`, ""),
		tx(send, someFee, `[{"pub_key":`+send+`,"signature":""}]`, ""), tx(send, someFee, `[{"pub_key":`+key+`,"signature":"%%%"}]`, ""), tx(send, someFee, `[{"pub_key":`+key+`,"signature":7}]`, ""),
		tx(send, someFee, one, `,"memo":7`), tx(send, someFee, one, `,"timeout_height":7`),
		msg("cosmos-sdk/MsgVote", `{"option":"1"}`), msg("cosmos-sdk/MsgVote", `{"option":1.5}`), msg("cosmos-sdk/MsgVote", `{"option":2147483648}`), msg("cosmos-sdk/MsgSend", `[]`), msg("cosmos-sdk/MsgSend", `{"from_address":7}`),
		msg("cosmos-sdk/MsgVoteWeighted", `{"options":[{"option":1,"weight":"0.1234567890123456789"}]}`), msg("cosmos-sdk/MsgVoteWeighted", `{"options":[{"option":1,"weight":"x"}]}`), msg("cosmos-sdk/MsgVoteWeighted", `{"options":[{"option":1}]}`),
		msg("cosmos-sdk/MsgSubmitEvidence", `{"evidence":{"type":"cosmos-sdk/Equivocation","value":{"time":"2026-01-01T00:00:00+01:00"}}}`), msg("cosmos-sdk/MsgSubmitEvidence", `{"evidence":{"type":"cosmos-sdk/Equivocation","value":{"time":"yesterday"}}}`),
		msg("cosmos-sdk/MsgSubmitEvidence", `{"evidence":`+send+`}`), msg("cosmos-sdk/MsgExec", `{"msgs":[null]}`), msg("cosmos-sdk/MsgExec", `{"msgs":[{}]}`),
		msg("cosmos-sdk/v1/MsgSubmitProposal", `{"expedited":"true"}`), msg("cosmos-sdk/StdTx", `{}`), msg("cosmos-sdk/MsgCreateValidator", `{}`), msg("cosmos-sdk/MsgGrant", `{}`),
		msg("cosmos-sdk/MsgSubmitProposal", `{}`), msg("cosmos-sdk/MsgSubmitEvidence", `{}`), msg("cosmos-sdk/MsgSoftwareUpgrade", `{}`), msg("cosmos-sdk/MsgUnjail", `{"address":`+bob+`}`),
	}
	return append(out, refused...)
}
