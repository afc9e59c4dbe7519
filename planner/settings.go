package planner

// Settings is the part of .agentsec.yaml that planning needs and that nothing
// else can tell.
type Settings struct {
	Databases []Database `yaml:"databases"`
	Auth      Auth       `yaml:"auth"`
	Scoring   Scoring    `yaml:"scoring"`
}

// A Database describes how tenants are told apart in one database and what each
// agent role may do there.
type Database struct {
	Name      string   `yaml:"name"`      // of Vault's connection, prefix of roles: [a-z][a-z0-9-]*
	Variables []string `yaml:"variables"` // environment variables that carry its credential
	Host      string   `yaml:"host"`      // as Vault reaches it; default: the host of the URL found
	Port      int      `yaml:"port"`
	Database  string   `yaml:"database"`
	SSLMode   string   `yaml:"sslmode"` // default verify-full
	Tenancy   Tenancy  `yaml:"tenancy"`
	Grants    []Grant  `yaml:"grants"`
	// LegacyRole is the login that is retired; default: the user of the URL found.
	LegacyRole string `yaml:"legacyRole"`
	// Keep lists other roles that use the tenant tables and stay as they are:
	// row security gets a permissive policy for each.
	Keep []string `yaml:"keep"`
	TTL  string   `yaml:"ttl"`    // of a credential: 5m to 1h, default 15m
	Max  string   `yaml:"maxTtl"` // default 1h
}

// Tenancy: rows carry the tenant in Column (row security).
type Tenancy struct {
	Column string   `yaml:"column"`
	Tables []string `yaml:"tables"` // schema-qualified or in public
	// Values maps tenant names to what Column holds, where they differ:
	// "aurora=42".
	Values []string `yaml:"values"`
}

// A Grant says what an agent role may do on a table.
type Grant struct {
	Role   string   `yaml:"role"`
	Table  string   `yaml:"table"`
	Rights []string `yaml:"rights"` // SELECT, INSERT, UPDATE, DELETE
}

// Auth says how agents prove who they are to Vault.
type Auth struct {
	Method         string `yaml:"method"`         // jwt or kubernetes (default)
	Mount          string `yaml:"mount"`          // default: agents-<method>
	Audience       string `yaml:"audience"`       // default: vault
	Issuer         string `yaml:"issuer"`         // jwt: bound_issuer
	PublicKeysFile string `yaml:"publicKeysFile"` // jwt: PEM, relative to .agentsec.yaml
	JWKSURL        string `yaml:"jwksUrl"`        // jwt: instead of PublicKeysFile
	KubernetesHost string `yaml:"kubernetesHost"` // kubernetes: default https://kubernetes.default.svc
}

// Scoring adjusts the factors of a risk score; 0 keeps the default.
type Scoring struct {
	PerTenant   int `yaml:"perTenant"`
	PerWorkload int `yaml:"perWorkload"`
	Literal     int `yaml:"literal"`
}
