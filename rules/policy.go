package rules

// A Policy is the part of .agentsec.yaml that judging needs.
type Policy struct {
	Tenants []TenantRule `yaml:"tenants"`
	Agents  []AgentRule  `yaml:"agents"`
}

// A TenantRule says which workloads and files belong to a tenant: those that
// any of its selectors matches.
type TenantRule struct {
	Name      string     `yaml:"name"`
	Selectors []Selector `yaml:"selectors"`
}

// An AgentRule says which workloads run an LLM-driven loop, and under which
// role name; without one that matches, evidence in the input decides.
type AgentRule struct {
	Role      string     `yaml:"role"`
	Selectors []Selector `yaml:"selectors"`
}

// A Selector matches when all its non-empty fields match.
type Selector struct {
	Namespace string `yaml:"namespace,omitempty"` // glob over the Kubernetes namespace
	Label     string `yaml:"label,omitempty"`     // "key=value" of the pod template, the object or the compose service; "key" any value
	Path      string `yaml:"path,omitempty"`      // glob over the file's path, ** crosses folders
	Workload  string `yaml:"workload,omitempty"`  // glob over the workload's name
}
