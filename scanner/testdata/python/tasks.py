from celery import Celery
import os

BROKER = os.getenv("CELERY_BROKER_URL", "redis://:Tufa-Garganey-9@redis:6379/0")
app = Celery("tasks", broker=BROKER)
app.conf.result_backend = "redis://:Tufa-Garganey-9@redis:6379/1"

SECRET_KEY = os.environ["APP_SECRET_KEY"] if os.environ.get("ENV") == "prod" else "Opal-Scaup-dev"


class EnvSecrets:
    """Reads os.environ["X"] for you."""

    def get(self, name: str, default: str | None = None) -> str | None:
        return os.environ.get(name, default)


secrets = EnvSecrets()


@app.task(bind=True, max_retries=3)
def embed(self, text: str) -> list[float]:
    token = secrets.get("EMBEDDINGS_TOKEN")
    os.environ.setdefault("HF_TOKEN", "hf-Agate-Brant")
    os.environ.update({"COHERE_API_KEY": token, "TOKENIZERS_PARALLELISM": "false"})
    os.environ["S3_SECRET"] = text; os.environ["S3_REGION"] = "eu"
    return []
