package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
)

// serve runs one server until a signal, the end of its parent, or a failure.
func serve(ctx context.Context, opts serverOptions, stdin *os.File, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchParent(stdin, cancel)

	logger := hclog.New(&hclog.LoggerOptions{
		Name:   "agentsec-vault",
		Level:  hclog.LevelFromString(opts.logLevel),
		Output: stderr,
	})
	// Listening comes first: a port that is taken must be told before a token is made.
	addr, err := loopbackAddr(opts.listen)
	if err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer listener.Close()
	address := "http://" + listener.Addr().String()

	dev, err := newDevCore(ctx, address, logger)
	if err != nil {
		return err
	}
	// The same limits as Vault's own listener.
	server := &http.Server{
		Handler:           dev.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          logger.StandardLogger(nil),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	// The token goes to standard output, once, and nowhere else.
	if _, err := fmt.Fprintf(stdout, "Api Address: %s\nUnseal Key: (not shown: this server cannot be restarted)\nRoot Token: %s\n", address, dev.rootToken); err != nil {
		cancel() // nobody can use a server whose token was not delivered
	}

	select {
	case <-ctx.Done():
		err = nil
	case err = <-served:
	}
	return errors.Join(err, shutdown(server, dev))
}

// shutdown lets running requests finish for a moment, then seals the core.
func shutdown(server *http.Server, dev *devCore) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
	}
	return dev.core.Shutdown()
}

// watchParent calls ended when standard input ends, if it is something that
// another process holds open (a pipe or a socket). A killed parent closes it
// without a word, so no server survives whoever started it. A terminal, a file
// or /dev/null says nothing about a parent and is not watched.
func watchParent(stdin *os.File, ended func()) {
	info, err := stdin.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		ended()
	}()
}

// loopbackAddr resolves a listen address and refuses all that others can reach:
// whoever finds this server's token has everything in it.
func loopbackAddr(address string) (*net.TCPAddr, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("reading -dev-listen-address: %w", err)
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("refusing to listen on %q: this development server listens on loopback only, for example 127.0.0.1:8200", address)
	}
	return addr, nil
}
