package rules

// The words that names are judged by.
var (
	// secretWords end the name of a credential, whatever stands before them.
	secretWords = wordSet(`password passwd passwort pwd pass passphrase passcode pw secret secrets apikey apikeys
		credential credentials cred creds salt pepper pat psk privatekey accesskey secretkey authtoken accesstoken
		authkey masterkey encryptionkey signingkey licensekey appsecret clientsecret apisecret apitoken bearer
		secretaccesskey requirepass masterauth userpass dbpass dbpassword pgpassword mnemonic jwtsecret`)
	// tokenCounts before "tokens" speak of a model's tokens, before "token" of a vocabulary.
	tokenCounts = wordSet(`max min num input output completion prompt context total budget limit count chunk memory used
		cached reasoning thinking per generate new maximum minimum overlap default size avg average
		eos bos pad unk mask special stop sep cls start end image audio video`)
	secretTokens = wordSet(`api auth access bearer admin static service allowed user users valid secret refresh`)
	// notKeys before "key" make it a lookup key or the public part of a pair.
	notKeys = wordSet(`public publishable pub anon cache caching partition sort primary foreign idempotency host known object
		registry map group index config label annotation routing json lookup dedupe site hot shortcut tag row join issue
		project metric message header query field property translation locale env existing name param parameter
		column dict hash range claim attribute attr item data entry sorting order unique natural composite pem
		trusted ca cert certificate arrow press on`)
	// qualifiers after the decisive word do not change what it is.
	qualifiers = wordSet(`base64 b64 encoded value overwrite override plain plaintext raw json yaml text string default prod
		production dev development staging stage local live old new previous current primary secondary backup main
		v1 v2 v3 a b`)
	userWords  = wordSet(`user username usr login uname email mail userid`)
	urlWords   = wordSet(`url uri urls uris endpoint endpoints`)
	storeWords = wordSet(`database db postgres postgresql pg pgvector mysql mariadb mongo mongodb redis valkey amqp amqps
		rabbitmq rabbit broker celery clickhouse mssql sqlserver cockroach cockroachdb sqlalchemy timescale pgsql
		checkpoint checkpointer dragonfly keydb`)
	// otherWords end a name that is no credential.
	otherWords = wordSet(`file files filename path paths dir directory folder id ids uid uuid guid host hosts hostname
		hostnames port ports region regions zone location type types name names ttl expiry expires expiration expire
		expired expiring lifetime timeout timeouts rounds length len size limit limits max min count counts counter
		counters enabled enable disable disabled required require optional algorithm alg algo algorithms method methods
		mode version issuer iss audience aud scope scopes domain domains header headers prefix suffix format provider
		providers backend store storage arn checksum digest sha sha1 sha256 sha512 md5 fingerprint thumbprint cert certs
		certificate certificates crt ca cacert cacerts chain flag flags field fields interval duration seconds minutes
		hours days mins secs ms sec policy policies role roles rotation strategy level model models class kind env vars
		var variable variables service services server bucket buckets project projects org organization team workspace
		account tenant detail details usage budget cost window threshold ratio pressure quota rate rates template
		templates pattern regex script command cmd args source sources option options config configuration conf setting
		settings check checks checking validation validate verify verification verified revocation revoked permission
		permissions protocol scheme encoding charset label labels description title message hint question page link
		callback redirect origin origins created updated at date time timestamp status state ref refs reference index
		number no position address addr ip ips cidr subnet schema database db dbname table column collection queue topic
		channel stream group groups driver engine dialect pool ssl sslmode tls param params parameter parameters
		rotated rotate generator generate generated length complexity strength reuse history age attempts retries retry
		retention request requests response responses handler manager middleware client agent action actions hash
		plugin image tag tags namespace sa serviceaccount key_id keyid arns annotations identifier alias
		tokenizer encoder decoder parser delimiter separator placeholder example sample on off required_for
		restart mapping map list lists allowlist denylist whitelist blacklist ip_range width height color icon theme
		proxy sink dsn_name display only support supported usage_url docs readme test tests testing`)
	// flagWords anywhere make it a switch or a bound.
	flagWords = wordSet(`allow allows disallow enable enabled disable disabled require requires skip ignore has is
		show hide mask sanitize redact rotate validate expire random randomize force empty`)
	// fusedEndings end names that have no word boundaries ("k8svaultapikey").
	fusedEndings = []string{"password", "passwd", "apikey", "secretkey", "secretaccesskey", "privatekey", "accesskey", "authkey", "encryptionkey",
		"masterkey", "signingkey", "passphrase", "credentials", "authtoken", "accesstoken", "apitoken", "token", "secret"}
	hintWords = wordSet(`secret secrets password passwd apikey credential credentials privatekey passphrase secretkey`)
	keyIDs    = wordSet(`aws s3 minio r2 oss cos obs b2 wasabi spaces storage bucket bedrock ses sqs dynamodb alibaba aliyun`)
)
