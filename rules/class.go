package rules

import "strings"

// A hint is a set of words that tell what a credential opens. A word of five
// letters or more also counts inside a word ("pgvectorpassword").
type hint struct {
	class    Class
	provider string // "" if the words name no single issuer
	words    []string
}

func hintFor(class Class, provider, words string) hint {
	return hint{class, provider, strings.Fields(words)}
}

// hints in order: the first that fits decides.
var hints = []hint{
	hintFor(OtherClass, "", "grafana gf"),
	hintFor(LLMKey, "openai", "openai"),
	hintFor(LLMKey, "anthropic", "anthropic claude"),
	hintFor(LLMKey, "google", "gemini palm vertexai"),
	hintFor(LLMKey, "groq", "groq"),
	hintFor(LLMKey, "mistral", "mistral mistralai"),
	hintFor(LLMKey, "cohere", "cohere"),
	hintFor(LLMKey, "deepseek", "deepseek"),
	hintFor(LLMKey, "openrouter", "openrouter"),
	hintFor(LLMKey, "xai", "xai grok"),
	hintFor(LLMKey, "together", "together togetherai"),
	hintFor(LLMKey, "fireworks", "fireworks fireworksai"),
	hintFor(LLMKey, "perplexity", "perplexity pplx"),
	hintFor(LLMKey, "huggingface", "huggingface hf hugging huggingfacehub"),
	hintFor(LLMKey, "replicate", "replicate"),
	hintFor(LLMKey, "voyage", "voyage voyageai"),
	hintFor(LLMKey, "jina", "jina"),
	hintFor(LLMKey, "cerebras", "cerebras"),
	hintFor(LLMKey, "sambanova", "sambanova"),
	hintFor(LLMKey, "nvidia", "nvidia ngc"),
	hintFor(LLMKey, "", "llm openllm vllm ollama lmstudio litellm dashscope qwen moonshot kimi zhipu zhipuai minimax ai21 watsonx anyscale deepinfra novita portkey embedding embeddings reranker rerank inference assemblyai elevenlabs deepgram"),
	hintFor(Database, "pinecone", "pinecone"),
	hintFor(Database, "", "qdrant weaviate milvus chroma chromadb zilliz lancedb turbopuffer tpuf vespa"),
	hintFor(OAuth, "", "oauth oauth2 oidc cognito keycloak auth0 okta"),
	hintFor(Database, "", `postgres postgresql pg pgvector pgsql pgadmin postgresdb pgpassword mysql mariadb mongo mongodb redis rediscli valkey mssql sa sqlserver
		database db clickhouse cassandra couchdb couchbase neo4j elastic elasticsearch opensearch influxdb influx
		rabbitmq amqp celery broker supabase timescale cockroach cockroachdb planetscale neon turso meili meilisearch typesense
		snowflake redshift surrealdb arangodb memcached kafka nats dragonfly userdb sql`),
	hintFor(ThirdParty, "langsmith", "langsmith langchain"),
	hintFor(ThirdParty, "langfuse", "langfuse"),
	hintFor(ThirdParty, "tavily", "tavily"),
	hintFor(ThirdParty, "github", "github gh pat"),
	hintFor(ThirdParty, "gitlab", "gitlab"),
	hintFor(ThirdParty, "slack", "slack"),
	hintFor(ThirdParty, "stripe", "stripe"),
	hintFor(ThirdParty, "", `serper serpapi brave exa firecrawl e2b composio wandb helicone agentops comet arize phoenix notion jira atlassian confluence
		linear asana zendesk intercom hubspot salesforce twilio sendgrid mailgun postmark resend mailchimp smtp mail email discord telegram
		datadog dd newrelic sentry posthog segment mixpanel amplitude pypi npm node twine uv cargo rubygems fern codecov sonar snyk docker dockerhub quay
		shopify paypal plaid algolia mapbox cloudflare vercel netlify heroku fly render airtable apify browserbase browserless steel zapier
		unstructured llamaparse llamacloud llama replit license licence activation recaptcha hcaptcha captcha pushover`),
	hintFor(Cloud, "aws", "aws bedrock cloudwatch s3 sqs dynamodb"),
	hintFor(Cloud, "azure", "azure azureblob"),
	hintFor(Cloud, "google", "gcp gcs google"),
	hintFor(Cloud, "", "minio cloud oss cos r2 b2 wasabi spaces aliyun alibaba tencent huawei volcengine digitalocean oci storage blob bucket"),
	hintFor(SigningKey, "", `jwt session encryption encrypt decrypt signing sign signature cookie nextauth salt pepper fernet hmac csrf django flask nonce cipher
		aes seed mnemonic webhook`),
	hintFor(InternalToken, "", "internal runner runners runnerauth service server gateway mcp agent agents worker vault consul nomad etcd backend sandbox plugin daemon"),
}

// weakInternal words say "internal token" only where nothing near the name
// tells the system: auth.password of a helm command belongs to the chart.
var weakInternal = wordSet("admin api apikey bearer auth master token")

// classOf judges by name, then by what stands around it: the Secret, the image
// and the file.
func classOf(name, key string, around ...string) (Class, string) {
	w := words(name)
	last := ""
	if len(w) > 0 {
		last = w[len(w)-1]
	}
	switch {
	case hasAny(w, "client") && hasAny(w, "secret"), hasAny(w, "clientsecret"):
		return OAuth, providerByHints(w)
	case hasPair(w, "azure", "openai"), hasPair(w, "azure", "api") && last == "key":
		return LLMKey, "azure"
	case hasPair(w, "google", "api") && last == "key":
		return LLMKey, "google"
	case hasAny(w, "pgp", "gpg"):
		return SigningKey, ""
	case (hasAny(w, "tls", "ssl", "ssh", "x509", "privatekey", "https") || hasPair(w, "private", "key")) && (last == "key" || last == "privatekey" || last == "base64" || last == "b64" || last == "pem") && !hasAny(w, "jwt", "github", "app", "signing"):
		return TLSKey, ""
	case hasPair(w, "secret", "key") || hasPair(w, "hash", "secret") || hasPair(w, "app", "secret") && len(w) <= 3 || hasPair(w, "app", "key") && len(w) == 2:
		// Django's, Flask's and every framework's SECRET_KEY; STRIPE_SECRET_KEY is
		// Stripe's.
		if h := match(w); h != nil && h.class != InternalToken && h.class != SigningKey {
			return h.class, h.provider
		}
		return SigningKey, ""
	case hasAny(w, "jwt", "session", "cookie", "encryption", "nextauth", "signing", "salt", "fernet", "hmac", "csrf", "pepper"):
		return SigningKey, ""
	case strings.Contains(strings.Join(w, ""), "secretkey") && hasAny(w, "secretkey") && !hasAny(w, "aws", "s3", "minio", "gcp", "azure"):
		return SigningKey, ""
	case hasAny(w, "master") && last == "key" && hasAny(w, "litellm"):
		return InternalToken, ""
	}
	if h := match(w); h != nil {
		return h.class, h.provider
	}
	if key != "" {
		if h := match(words(key)); h != nil && h.class != InternalToken {
			return h.class, h.provider
		}
	}
	for _, text := range around {
		if h := match(words(text)); h != nil && (h.class == Database || h.class == LLMKey || h.class == ThirdParty || h.class == Cloud) {
			return h.class, h.provider
		}
	}
	if anyWord(w, weakInternal) || strings.HasSuffix(last, "apikey") || strings.HasSuffix(last, "vaultkey") {
		return InternalToken, ""
	}
	return OtherClass, ""
}

func providerByHints(w []string) string {
	if h := match(w); h != nil {
		return h.provider
	}
	return ""
}

// match finds the first hint that w gives.
func match(w []string) *hint {
	for i := range hints {
		for _, h := range hints[i].words {
			for _, word := range w {
				if word == h || len(h) >= 5 && strings.Contains(word, h) {
					return &hints[i]
				}
			}
		}
	}
	return nil
}

// classOfScheme judges a URL's password by what the URL leads to.
func classOfScheme(scheme string) Class {
	base, _, _ := strings.Cut(scheme, "+")
	switch {
	case isStoreScheme(scheme):
		return Database
	case base == "s3" || base == "gs" || base == "az" || base == "abfs":
		return Cloud
	case base == "smtp" || base == "smtps":
		return ThirdParty
	}
	return NoSecret
}
