package migrate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// SQLSTATE codes that decide something (PostgreSQL documentation, appendix A).
const (
	invalidPassword      = "28P01"
	invalidAuthorization = "28000" // among others: the role is not permitted to log in
	insufficientRight    = "42501" // also: row security refuses the new row
	adminShutdown        = "57P01" // the session was terminated
)

const (
	connectTimeout   = 20 * time.Second
	statementTimeout = time.Minute
	lockTimeout      = 10 * time.Second
)

// A login is all that it takes to open a session.
type login struct {
	host     string
	port     int
	database string
	sslmode  string
	user     string
	password secret.Value
	query    url.Values // further parameters of a URL that was given
}

// parseURL reads a connection URL; a driver's name in the scheme
// (postgresql+psycopg2) is passed over. Its errors do not quote the URL.
func parseURL(v secret.Value) (login, error) {
	bad := errors.New("it is not a PostgreSQL connection URL (postgresql://user:password@host:port/database)")
	u, err := url.Parse(strings.TrimSpace(v.Reveal()))
	if err != nil || u.User == nil || u.Hostname() == "" {
		return login{}, bad
	}
	if scheme, _, _ := strings.Cut(u.Scheme, "+"); scheme != "postgres" && scheme != "postgresql" {
		return login{}, bad
	}
	l := login{host: u.Hostname(), port: 5432, database: strings.TrimPrefix(u.Path, "/"), user: u.User.Username(), query: u.Query()}
	password, _ := u.User.Password()
	l.password = secret.New(password)
	if p := u.Port(); p != "" {
		if l.port, err = strconv.Atoi(p); err != nil {
			return login{}, bad
		}
	}
	if l.user == "" || password == "" {
		return login{}, bad
	}
	if l.database == "" {
		l.database = l.user
	}
	l.sslmode = l.query.Get("sslmode")
	return l, nil
}

// to is a login at the plan's database.
func to(t planner.Target, user string, password secret.Value) login {
	return login{host: t.Host, port: t.Port, database: t.Database, sslmode: t.SSLMode, user: user, password: password}
}

// connect opens a session whose every statement is bounded in time.
func (l login) connect(ctx context.Context) (*pgx.Conn, error) {
	query := url.Values{}
	for key, values := range l.query {
		query[key] = values
	}
	if l.sslmode != "" {
		query.Set("sslmode", l.sslmode)
	}
	u := url.URL{
		Scheme:   "postgresql",
		User:     url.UserPassword(l.user, l.password.Reveal()),
		Host:     net.JoinHostPort(l.host, strconv.Itoa(l.port)),
		Path:     "/" + l.database,
		RawQuery: query.Encode(),
	}
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errors.New("the connection parameters are not understood") // the error could quote the URL
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = "agentsec"
	config.RuntimeParams["client_encoding"] = "UTF8" // the simple protocol needs it
	config.RuntimeParams["statement_timeout"] = milliseconds(statementTimeout)
	config.RuntimeParams["lock_timeout"] = milliseconds(lockTimeout)
	// Statements are run once, some of them cannot be prepared.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectError(l, err)
	}
	return conn, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// connectError keeps what decides (the SQLSTATE, the cause) and drops the rest.
func connectError(l login, err error) error {
	at := net.JoinHostPort(l.host, strconv.Itoa(l.port))
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Errorf("%s refused the login: %w", at, pg)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s cannot be reached: %w", at, op)
	}
	for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, cause) {
			return fmt.Errorf("%s did not answer in time: %w", at, cause)
		}
	}
	return fmt.Errorf("%s: %w", at, err)
}

// sqlState is "" for an error that is not the server's.
func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// loginRefused reports whether the server, alive, said no to who asked.
func loginRefused(err error) bool {
	code := sqlState(err)
	return code == invalidPassword || code == invalidAuthorization
}

// closeSession says goodbye without waiting for a server that is gone.
func closeSession(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// quoteRole is a role's name in SQL, dots and all.
func quoteRole(name string) string { return pgx.Identifier{name}.Sanitize() }

// quote is a table's name in SQL; the first dot separates schema and table.
func quote(name string) string { return pgx.Identifier(strings.SplitN(name, ".", 2)).Sanitize() }
