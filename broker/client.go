package broker

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Client keeps one agent supplied. Start it, hand out File, and Close it; or
// let Run do all three around a process.
type Client struct {
	config Config
	file   *rendered

	rotations chan chan error
	stop      context.CancelFunc
	ended     chan struct{}

	retiring sync.WaitGroup
	closing  chan struct{} // closed by Close: graces end at once
	closed   sync.Once
	closeErr error

	current *credential // owned by keep once that runs
}

// Start logs in and renders the first credential. It returns an error instead
// of a client without one. ctx bounds the start only.
func Start(ctx context.Context, config Config) (*Client, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, rotations: make(chan chan error), ended: make(chan struct{}), closing: make(chan struct{})}
	if c.file, err = newRendered(config.Dir); err != nil {
		return nil, err
	}
	if err := c.replace(ctx); err != nil {
		return nil, errors.Join(err, c.file.remove())
	}
	var running context.Context
	running, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	go c.keep(running)
	return c, nil
}

// File is the path that holds the current credential. It stays the same; the
// file is replaced at each rotation and gone when there is no valid credential.
func (c *Client) File() string { return c.file.path }

// Rotate puts a new credential into the file and returns; the former one is
// revoked after the grace.
func (c *Client) Rotate(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case c.rotations <- answer:
	case <-c.ended:
		return errors.New("the client is closed")
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close removes the file and revokes everything at once. It may be called
// repeatedly.
func (c *Client) Close() error {
	c.closed.Do(func() {
		close(c.closing)
		c.stop()
		<-c.ended
		err := c.file.remove()
		if c.current != nil {
			if revokeErr := c.current.revoke(context.Background()); revokeErr != nil {
				err = errors.Join(err, revokeErr)
				c.tell(Event{What: Failing, Detail: revokeErr.Error()})
			} else {
				c.tell(Event{What: Revoked})
			}
		}
		c.retiring.Wait()
		c.closeErr = err
	})
	return c.closeErr
}

// keep is the client's life: it renews at two thirds of a lease, replaces what
// cannot be renewed, and takes the file away when its time is over. While Vault
// is away it tries again at growing intervals, before the end and after it.
func (c *Client) keep(ctx context.Context) {
	defer close(c.ended)
	due := c.nextRenewal()
	pause := c.config.retry
	replaceNext := false
	for {
		// Timers without a reference are collected (Go 1.23): none is stopped here.
		var expiry <-chan time.Time
		if c.current != nil {
			expiry = time.After(time.Until(c.current.until))
		}
		var err error
		select {
		case <-ctx.Done():
			return
		case <-expiry:
			c.expire()
			replaceNext = true
			continue
		case answer := <-c.rotations:
			err = c.replace(ctx)
			answer <- err
			if err != nil {
				continue // the current credential goes on as it was
			}
		case <-time.After(time.Until(due)):
			if c.current != nil && !replaceNext {
				err = c.renew(ctx)
				replaceNext = err != nil && refused(err)
			}
			if c.current == nil || replaceNext {
				err = c.replace(ctx)
			}
		}
		if err == nil {
			replaceNext, pause, due = false, c.config.retry, c.nextRenewal()
			continue
		}
		if ctx.Err() != nil {
			return
		}
		c.tell(Event{What: Failing, Detail: err.Error()})
		due = time.Now().Add(jittered(pause))
		pause = min(2*pause, maxRetry)
	}
}

func (c *Client) nextRenewal() time.Time {
	return time.Now().Add(jittered(time.Until(c.current.until) * 2 / 3))
}

func (c *Client) renew(ctx context.Context) error {
	if err := c.current.renew(ctx); err != nil {
		return err
	}
	c.tell(Event{What: Renewed, Until: c.current.until})
	return nil
}

// replace issues, renders, and only then lets go of the former credential.
func (c *Client) replace(ctx context.Context) error {
	next, err := c.config.issue(ctx)
	if err != nil {
		return err
	}
	if err := c.file.write(next.url); err != nil {
		return errors.Join(err, next.revoke(ctx))
	}
	former := c.current
	c.current = next
	c.tell(Event{What: Issued, Until: next.until})
	if former != nil {
		c.retiring.Add(1)
		go c.retire(former)
	}
	return nil
}

func (c *Client) retire(former *credential) {
	defer c.retiring.Done()
	grace := time.NewTimer(c.config.Grace)
	defer grace.Stop()
	select {
	case <-grace.C:
	case <-c.closing:
	}
	if err := former.revoke(context.Background()); err != nil {
		c.tell(Event{What: Failing, Detail: err.Error()}) // it ends with its lease
		return
	}
	c.tell(Event{What: Revoked})
}

// expire fails closed: a credential that may be dead is not left for an agent.
func (c *Client) expire() {
	if err := c.file.clear(); err != nil {
		c.tell(Event{What: Failing, Detail: err.Error()})
	}
	c.current = nil
	c.tell(Event{What: Expired})
}

func (c *Client) tell(e Event) {
	if c.config.Progress != nil {
		e.Time = time.Now()
		c.config.Progress(e)
	}
}
