// Package broker holds the agents' side of issuing credentials: a client that
// turns an identity token into a database login in a file, keeps it fresh, and
// takes it away.
//
// A process that is run by it finds the path of that file in <VAR>_FILE. No
// credential is in its environment or on its command line.
package broker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/hashicorp/vault/api"
)

// A Target is where the credential is used.
type Target struct {
	Host     string
	Port     int
	Database string
	SSLMode  string
}

// A Config says who the agent is and what it gets.
type Config struct {
	// Vault tells the server; its token is not used.
	Vault *api.Client
	// AuthMount and AuthRole are of a jwt or kubernetes auth method.
	AuthMount string
	AuthRole  string
	// IdentityFile holds the identity token (JWT). It is read at each login,
	// since its issuer replaces it.
	IdentityFile string
	CredsPath    string
	Target       Target
	// Variable is the name whose _FILE form the process gets: DATABASE_URL.
	Variable string
	// Dir is where the private folder is made; default: XDG_RUNTIME_DIR, which
	// is in memory, or the system's temporary folder.
	Dir string
	// Grace is how long the former credential lives on after a new one is in the
	// file, for work in progress. Default 5 s; negative: none.
	Grace time.Duration
	// Env is the environment to pass on (see Environ); nil: a few harmless
	// variables of this process.
	Env []string
	// Progress, if set, is told what happens. It may be called by several
	// goroutines at once, and must not wait for the client.
	Progress func(Event)

	// retry is the first pause after a failure; tests shorten it.
	retry time.Duration
}

// A Happening is what an Event tells.
type Happening string

const (
	Issued  Happening = "issued"  // a new credential is in the file
	Renewed Happening = "renewed" // lease and token live longer
	// Revoked: Vault has taken the credential back; it ends the database login
	// and its sessions within moments, after its answer.
	Revoked Happening = "revoked"
	Failing Happening = "failing" // Vault cannot be reached or refuses; Detail says why
	Expired Happening = "expired" // the credential's time is over: the file is gone
)

// An Event is one thing that happened. It holds no credential.
type Event struct {
	What   Happening
	Time   time.Time
	Until  time.Time // when the credential ends, for Issued and Renewed
	Detail string
}

const (
	defaultGrace = 5 * time.Second
	defaultRetry = 500 * time.Millisecond
	maxRetry     = 15 * time.Second
	callTimeout  = 30 * time.Second
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Vault == nil:
		return c, errors.New("no Vault is configured")
	case c.AuthMount == "" || c.AuthRole == "" || c.CredsPath == "" || c.IdentityFile == "":
		return c, errors.New("auth mount, auth role, credential path and identity file are all needed")
	case c.Target.Host == "" || c.Target.Port <= 0 || c.Target.Port > 65535 || c.Target.Database == "":
		return c, errors.New("the target database is not fully named")
	case !variableName.MatchString(c.Variable):
		return c, fmt.Errorf("%q is no name for an environment variable", c.Variable)
	}
	if c.Grace == 0 {
		c.Grace = defaultGrace
	}
	if c.Grace < 0 {
		c.Grace = 0
	}
	if c.retry == 0 {
		c.retry = defaultRetry
	}
	return c, nil
}

// jittered spreads what many clients would otherwise do at the same moment: it
// takes up to a tenth away.
func jittered(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/10+1))
}
