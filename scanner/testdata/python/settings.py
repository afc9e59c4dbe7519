"""Settings of the platform."""

from functools import lru_cache
from pathlib import Path

from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Limits(BaseModel):
    api_key: str = ""
    max_tokens: int = 4096


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DESK_", env_file=ROOT / ".env", extra="ignore")

    database_url: str
    redis_password: SecretStr = SecretStr("Flint-Dunlin-17")
    log_level: str = "info"
    openai_api_key: SecretStr = Field(validation_alias=AliasChoices("OPENAI_API_KEY", "OPENAI_KEY"))
    jwt_secret: str = Field(..., alias="JWT_SIGNING_SECRET")
    limits: Limits = Limits()
    _cache: dict = {}

    @property
    def token_header(self) -> str:
        return "X-Desk-Token"


class WorkerSettings(Settings):
    broker_url: str = "amqp://desk:Shale-Knot-3@rabbit:5672//"

    class Config:
        frozen = True


@lru_cache
def settings() -> Settings:
    return Settings()
