package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/agentsec/agentsec/internal/secret"
)

// setUp makes the platform's repository and its servers.
func setUp(ctx context.Context, d *demo) error {
	var err error
	if d.world, err = newWorld(ctx, d.opts); err != nil {
		return err
	}
	w := d.world
	if err := exec.CommandContext(ctx, d.opts.python, "-c", "import psycopg2").Run(); err != nil {
		return fmt.Errorf("%s cannot import psycopg2: install Debian's python3-psycopg2, or name another interpreter with -python", d.opts.python)
	}
	if err := w.copyPlatform(d.opts.platform); err != nil {
		return err
	}
	if err := w.edit(".agentsec.yaml", "port: 5432", fmt.Sprintf("port: %d", w.postgres.Port)); err != nil {
		return err
	}
	public, err := w.issuer.publicKey()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.platform, "deploy", "identity", "issuer.pub.pem"), public, 0o644); err != nil {
		return err
	}
	if err := d.learnSecrets(); err != nil {
		return err
	}
	databaseURL, err := w.dotenv("DATABASE_URL")
	if err != nil {
		return err
	}
	static, err := password(databaseURL)
	if err != nil {
		return err
	}
	if err := w.loadDatabase(ctx, static); err != nil {
		return err
	}
	for name, value := range map[string]secret.Value{
		"vault-token": w.vault.Token, "database-admin-url": w.admin, "static-database-url": w.static,
	} {
		if _, err := w.hold(name, value); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"}, {"commit", "--quiet", "--message", "Deskmate as it is"}} {
		if err := d.git(ctx, args...); err != nil {
			return err
		}
	}
	if reason, err := w.refused(ctx); err != nil || reason != "" {
		return errors.Join(err, errors.New("the static password of .env does not open the database"))
	}
	d.show.checked("a PostgreSQL on 127.0.0.1:%d with three tenants; the password of .env opens it", w.postgres.Port)
	vault, _ := url.Parse(w.vault.Address)
	d.show.checked("a Vault on %s, empty", vault.Host)
	return nil
}

// staticPassword is the canary's name for it.
const staticPassword = "the static database password"

// learnSecrets tells the canary what to look for, and makes sure that it finds
// it where it is known to be.
func (d *demo) learnSecrets() error {
	w := d.world
	admin, err := password(w.postgres.AdminURL())
	if err != nil {
		return err
	}
	databaseURL, err := w.dotenv("DATABASE_URL")
	if err != nil {
		return err
	}
	static, err := password(databaseURL)
	if err != nil {
		return err
	}
	known := map[string]secret.Value{
		staticPassword: static, "the database administrator's password": admin, "Vault's root token": w.vault.Token,
	}
	for _, key := range []string{"OPENAI_API_KEY", "TICKETS_API_TOKEN"} {
		if known[key], err = w.dotenv(key); err != nil {
			return err
		}
	}
	for name, value := range known {
		if err := d.canary.know(name, value); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(w.platform, ".env"))
	if err != nil {
		return err
	}
	if found := d.canary.find(text); len(found) != 3 {
		return fmt.Errorf("the canary found %d of the 3 secrets of .env", len(found))
	}
	return nil
}
