package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// judgeWorkloads gives every workload its tenants. Agents are told later: their
// evidence includes the keys that they get.
func judgeWorkloads(inv *scanner.Inventory, finder *tenantFinder) []Workload {
	out := make([]Workload, len(inv.Workloads))
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		out[i] = Workload{
			ID: w.ID, Object: w.Object, At: w.At, Kind: w.Kind, ServiceAccount: w.ServiceAccount, Context: w.Context,
			// Copies: redact changes them, and the inventory is not ours.
			Labels: maps.Clone(w.Labels), Images: slices.Clone(w.Images), BuildContexts: slices.Clone(w.BuildContexts), Commands: slices.Clone(w.Commands),
		}
		p := place{path: w.At.Path, name: w.Object.Name, labels: []map[string]string{w.Labels}}
		if w.Object.InKubernetes() {
			p.namespace = w.Object.Namespace
		}
		t := finder.find(p)
		out[i].TenantSource = t.source
		switch len(t.names) {
		case 0:
		case 1:
			out[i].Tenant = t.names[0]
		default:
			out[i].Tenants = t.names
		}
	}
	shareAccounts(out)
	return out
}

// allTenants lists whom w serves.
func (w *Workload) allTenants() []string {
	if w.Tenant != "" {
		return []string{w.Tenant}
	}
	return w.Tenants
}

// shareAccounts notes which workloads run under one Kubernetes ServiceAccount:
// Vault cannot tell them apart.
func shareAccounts(workloads []Workload) {
	byAccount := map[[2]string][]int{}
	for i := range workloads {
		w := &workloads[i]
		if w.ServiceAccount != "" && w.Object.InKubernetes() {
			key := [2]string{w.Object.Namespace, w.ServiceAccount}
			byAccount[key] = append(byAccount[key], i)
		}
	}
	for _, group := range byAccount {
		for _, i := range group {
			for _, j := range group {
				if workloads[j].ID != workloads[i].ID && !slices.Contains(workloads[i].ServiceAccountSharedWith, workloads[j].ID) {
					workloads[i].ServiceAccountSharedWith = append(workloads[i].ServiceAccountSharedWith, workloads[j].ID)
				}
			}
			slices.Sort(workloads[i].ServiceAccountSharedWith)
		}
	}
}

// agentFrameworks in an image's name or a command say that an LLM-driven loop
// runs there.
var agentFrameworks = []string{
	"langgraph", "langchain", "autogen", "crewai", "n8nio/n8n", "flowise", "dify", "letta", "memgpt", "kagent", "openhands", "autogpt",
	"agentgpt", "langflow", "agentscope", "smolagents", "pydantic-ai", "openai-agents", "google-adk", "agno", "superagent", "botpress",
	"claude-code", "open-interpreter", "llama-index", "llamaindex", "semantic-kernel", "haystack", "goose", "mastra",
}

// notAgents serve models or data and run no loop of their own, whatever keys
// they hold.
var notAgents = []string{
	"postgres", "pgvector", "mysql", "mariadb", "redis", "valkey", "mongo", "qdrant", "weaviate", "milvus", "chroma", "rabbitmq", "nginx",
	"traefik", "caddy", "minio", "clickhouse", "elasticsearch", "opensearch", "grafana", "prometheus", "otel", "ollama/", "vllm", "litellm",
	"mcp-gateway", "docker/mcp", "langfuse",
}

// judgeAgents lists the evidence that a workload runs an agent, and names its
// role.
func judgeAgents(workloads []Workload, sightings []*sighting, policy Policy, finder *tenantFinder) {
	keys := map[string][]string{}
	for _, s := range sightings {
		if s.verdict.class == LLMKey && s.c.Workload != "" && s.c.Place == scanner.InEnv {
			keys[s.c.Workload] = append(keys[s.c.Workload], "gets "+printable(s.c.Name)+" (llm-key)")
		}
	}
	for i := range workloads {
		w := &workloads[i]
		if w.Kind == scanner.GitHubActions {
			continue // a job that tests agents is none
		}
		p := place{path: w.At.Path, name: w.Object.Name, namespace: w.Object.Namespace, labels: []map[string]string{w.Labels, finder.namespaces[w.Object.Namespace]}}
		for _, rule := range policy.Agents {
			if slices.ContainsFunc(rule.Selectors, func(s Selector) bool { return s.matches(p) }) {
				w.Agent, w.AgentRole, w.Evidence = true, rule.Role, []string{"configuration"}
				break
			}
		}
		evidence := frameworkEvidence(w)
		if !runsNoAgent(w) {
			evidence = append(evidence, keys[w.ID]...)
		}
		slices.Sort(evidence)
		w.Evidence = append(w.Evidence, slices.Compact(evidence)...)
		if w.Agent = w.Agent || len(w.Evidence) > 0; w.Agent && w.AgentRole == "" {
			w.AgentRole = roleOf(w)
		}
	}
}

func frameworkEvidence(w *Workload) []string {
	var out []string
	for what, texts := range map[string][]string{"image": w.Images, "command": w.Commands} {
		for _, text := range texts {
			low := strings.ToLower(text)
			for _, f := range agentFrameworks {
				if strings.Contains(low, f) {
					out = append(out, what+" names "+strings.TrimPrefix(f, "n8nio/"))
				}
			}
		}
	}
	return out
}

func runsNoAgent(w *Workload) bool {
	for _, image := range w.Images {
		for _, n := range notAgents {
			if strings.Contains(strings.ToLower(image), n) {
				return true
			}
		}
	}
	low := strings.ToLower(w.Object.Name)
	return strings.HasPrefix(low, "mcp-") || strings.HasSuffix(low, "-mcp") || strings.Contains(low, "mcp-server")
}

// roleOf is the workload's name without its tenant.
func roleOf(w *Workload) string {
	name := w.Object.Name
	for _, t := range w.allTenants() {
		for _, cut := range []string{"tenant-" + t + "-", t + "-", t + "_"} {
			if rest, ok := strings.CutPrefix(name, cut); ok && rest != "" {
				return rest
			}
		}
		for _, cut := range []string{"-tenant-" + t, "-" + t, "_" + t} {
			if rest, ok := strings.CutSuffix(name, cut); ok && rest != "" {
				return rest
			}
		}
	}
	return name
}
