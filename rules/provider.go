package rules

import (
	"regexp"
	"strings"
)

// A prefix names the issuer of a credential by how it begins.
type prefix struct {
	text     string
	provider string
	class    Class
	min      int  // length of a whole credential
	public   bool // made to be seen: no secret
}

// prefixes of the services that agent platforms use, most specific first.
// Sources: the issuers' documentation and the rules of gitleaks and noseyparker.
var prefixes = []prefix{
	{"sk-ant-", "anthropic", LLMKey, 40, false},
	{"sk-or-", "openrouter", LLMKey, 40, false},
	{"sk-lf-", "langfuse", ThirdParty, 30, false},
	{"pk-lf-", "langfuse", ThirdParty, 30, true},
	{"sk-proj-", "openai", LLMKey, 40, false},
	{"sk-svcacct-", "openai", LLMKey, 40, false},
	{"sk-admin-", "openai", LLMKey, 40, false},
	{"sk-", "openai", LLMKey, 35, false}, // DeepSeek, Moonshot and LiteLLM issue the same form
	{"AIza", "google", LLMKey, 39, false},
	{"AQ.", "google", LLMKey, 40, false},
	{"gsk_", "groq", LLMKey, 40, false},
	{"xai-", "xai", LLMKey, 50, false},
	{"pplx-", "perplexity", LLMKey, 40, false},
	{"nvapi-", "nvidia", LLMKey, 50, false},
	{"fw_", "fireworks", LLMKey, 24, false},
	{"r8_", "replicate", LLMKey, 37, false},
	{"csk-", "cerebras", LLMKey, 40, false},
	{"hf_", "huggingface", LLMKey, 34, false},
	{"api_org_", "huggingface", LLMKey, 34, false},
	{"pa-", "voyage", LLMKey, 40, false},
	{"jina_", "jina", LLMKey, 40, false},
	{"tgp_v1_", "together", LLMKey, 40, false},
	{"lsv2_", "langsmith", ThirdParty, 40, false},
	{"ls__", "langsmith", ThirdParty, 32, false},
	{"tvly-", "tavily", ThirdParty, 24, false},
	{"fc-", "firecrawl", ThirdParty, 32, false},
	{"e2b_", "e2b", ThirdParty, 40, false},
	{"BSA", "brave", ThirdParty, 30, false},
	{"pcsk_", "pinecone", Database, 40, false},
	{"ghp_", "github", ThirdParty, 36, false},
	{"gho_", "github", ThirdParty, 36, false},
	{"ghu_", "github", ThirdParty, 36, false},
	{"ghs_", "github", ThirdParty, 36, false},
	{"ghr_", "github", ThirdParty, 36, false},
	{"github_pat_", "github", ThirdParty, 60, false},
	{"glpat-", "gitlab", ThirdParty, 26, false},
	{"gldt-", "gitlab", ThirdParty, 20, false},
	{"xoxb-", "slack", ThirdParty, 30, false},
	{"xoxp-", "slack", ThirdParty, 30, false},
	{"xoxa-", "slack", ThirdParty, 30, false},
	{"xoxe-", "slack", ThirdParty, 30, false},
	{"xapp-", "slack", ThirdParty, 30, false},
	{"sk_live_", "stripe", ThirdParty, 24, false},
	{"rk_live_", "stripe", ThirdParty, 24, false},
	{"sk_test_", "stripe", ThirdParty, 24, false},
	{"pk_live_", "stripe", ThirdParty, 24, true},
	{"pk_test_", "stripe", ThirdParty, 24, true},
	{"whsec_", "stripe", SigningKey, 32, false},
	{"SG.", "sendgrid", ThirdParty, 60, false},
	{"npm_", "npm", ThirdParty, 36, false},
	{"pypi-AgE", "pypi", ThirdParty, 80, false},
	{"dop_v1_", "digitalocean", Cloud, 60, false},
	{"ntn_", "notion", ThirdParty, 40, false},
	{"secret_", "notion", ThirdParty, 50, false},
	{"lin_api_", "linear", ThirdParty, 40, false},
	{"ATATT3", "atlassian", ThirdParty, 100, false},
	{"PMAK-", "postman", ThirdParty, 50, false},
	{"glsa_", "grafana", ThirdParty, 40, false},
	{"glc_", "grafana", ThirdParty, 40, false},
	{"phx_", "posthog", ThirdParty, 30, false},
	{"phc_", "posthog", ThirdParty, 30, true},
	{"sntrys_", "sentry", ThirdParty, 40, false},
	{"sntryu_", "sentry", ThirdParty, 40, false},
	{"hvs.", "vault", InternalToken, 26, false},
	{"hvb.", "vault", InternalToken, 26, false},
	{"dp.pt.", "doppler", ThirdParty, 40, false},
	{"dp.st.", "doppler", ThirdParty, 40, false},
	{"sbp_", "supabase", Database, 40, false},
	{"sb_secret_", "supabase", Database, 30, false},
	{"sb_publishable_", "supabase", Database, 30, true},
	{"AKIA", "aws", Cloud, 20, false},
	{"ASIA", "aws", Cloud, 20, false},
	{"ABIA", "aws", Cloud, 20, false},
	{"GOCSPX-", "google", OAuth, 30, false},
	{"ya29.", "google", OAuth, 40, false},
	{"AGE-SECRET-KEY-1", "age", SigningKey, 60, false},
}

var credentialBody = regexp.MustCompile(`^[A-Za-z0-9_.=+/-]+$`)

// providerOfValue tells the issuer by the form of the value. A value that asks
// to be replaced, repeats itself or counts up is no credential of anyone.
func providerOfValue(v string) (prefix, bool) {
	for _, p := range prefixes {
		body, ok := strings.CutPrefix(v, p.text)
		if !ok {
			continue
		}
		if len(v) < p.min || len(v) > 512 || !credentialBody.MatchString(body) {
			continue
		}
		if p.provider == "aws" {
			if len(v) != 20 || strings.ToUpper(v) != v || strings.ContainsAny(v, "_.=+/-") {
				continue
			}
			return p, true
		}
		if distinct(body) < 8 || entropy(body) < 3 || isSequence(body) || yourPattern.MatchString(v) {
			continue
		}
		return p, true
	}
	return prefix{}, false
}

// isSequence: 1234567890abcdef, abcdefghijklmnop, 0123456789… are written by
// hand to show where a key goes.
func isSequence(body string) bool {
	low := strings.ToLower(body)
	runs := 0
	for i := 1; i < len(low); i++ {
		if d := int(low[i]) - int(low[i-1]); d == 1 || low[i-1] == '9' && (low[i] == '0' || low[i] == 'a') {
			runs++
		}
	}
	return len(low) > 0 && runs*10 >= len(low)*6
}
