package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/agentsec/agentsec/internal/secret"
)

// The issuer of the platform's .agentsec.yaml.
const issuerURL = "https://issuer.acme.example"

// An issuer stands for the cluster: it signs tokens as Kubernetes signs those
// that it projects into a pod.
type issuer struct {
	key    *ecdsa.PrivateKey
	signer jose.Signer
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	options := (&jose.SignerOptions{}).WithHeader(jose.HeaderKey("kid"), rand.Text())
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	return &issuer{key: key, signer: signer}, nil
}

// publicKey is what Vault checks the tokens with, in PEM.
func (i *issuer) publicKey() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&i.key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding the issuer's key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// token is good for ten minutes, the least that Kubernetes gives.
func (i *issuer) token(subject, audience string) (secret.Value, error) {
	parts := strings.Split(subject, ":") // system:serviceaccount:NAMESPACE:NAME
	if len(parts) != 4 {
		return secret.Value{}, fmt.Errorf("%q is no ServiceAccount", subject)
	}
	now := time.Now()
	claims := jwt.Claims{
		Issuer: issuerURL, Subject: subject, Audience: jwt.Audience{audience}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(10 * time.Minute)),
	}
	kubernetes := map[string]any{"kubernetes.io": map[string]any{
		"namespace":      parts[2],
		"serviceaccount": map[string]string{"name": parts[3], "uid": rand.Text()},
	}}
	text, err := jwt.Signed(i.signer).Claims(claims).Claims(kubernetes).Serialize()
	if err != nil {
		return secret.Value{}, fmt.Errorf("signing a token: %w", err)
	}
	return secret.New(text), nil
}
