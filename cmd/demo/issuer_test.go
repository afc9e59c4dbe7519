package main

import (
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestTokensLookLikeKubernetes(t *testing.T) {
	i, err := newIssuer()
	if err != nil {
		t.Fatal(err)
	}
	token, err := i.token("system:serviceaccount:tenant-aurora:researcher", "vault")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token.Reveal(), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := parsed.Claims(&i.key.PublicKey, &claims); err != nil {
		t.Fatal(err)
	}
	want := jwt.Expected{Issuer: issuerURL, Subject: "system:serviceaccount:tenant-aurora:researcher", AnyAudience: jwt.Audience{"vault"}, Time: time.Now()}
	if err := claims.Validate(want); err != nil {
		t.Error(err)
	}
	if left := time.Until(claims.Expiry.Time()); left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("it is good for %s", left)
	}
	if _, err := i.token("researcher", "vault"); err == nil {
		t.Error("a subject that is no ServiceAccount was accepted")
	}
}
