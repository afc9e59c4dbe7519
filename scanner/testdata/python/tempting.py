"""Everything here only looks like a use of the environment.

    import os
    os.environ["DOC_TOKEN"]
    os.getenv("DOC_SECRET", "literal")
"""
import re
from dataclasses import dataclass, field
from typing import Mapping

# api_key = os.environ["COMMENT_KEY"]
HELP = 'use os.environ["STRING_KEY"] or os.getenv("STRING_KEY")'
TEMPLATE = '''
import os
token = os.environ["TEMPLATE_TOKEN"]
password = "inside-a-template"
'''
RAW = r"os\.environ\[\"RAW_KEY\"\]"
PATTERN = re.compile(r"(?i)password\s*=\s*['\"](.+)['\"]")
SETTINGS = {"TOKEN_TTL": "3600", "token_type": "bearer"}
API_KEY = "api_key"
ACCESS_TOKEN_COOKIE = "access_token"
sort_key = "created_at"
eos_token = "</s>"


def getenv(name: str, default: str = "") -> str:
    return SETTINGS.get(name, default)


class Registry:
    def __init__(self) -> None:
        self.environ: dict[str, str] = {}

    def env(self, name: str) -> str:
        return self.environ[name]

    def lookup(self) -> str:
        return self.environ["OWN_DICT_KEY"]


def application(environ, start_response):
    user = environ["HTTP_AUTHORIZATION"]
    agent = environ.get("HTTP_API_KEY")
    return [user, agent]


def read(config: Mapping[str, str], request, os_environ) -> list:
    return [
        getenv("OWN_FUNCTION_SECRET"),
        SETTINGS.get("DICT_GET_TOKEN"),
        config["CONFIG_PASSWORD"],
        request.environ["WSGI_SECRET"],
        os_environ["LOOKALIKE_KEY"],
        Registry().env("REGISTRY_KEY"),
        request.headers.get("Authorization"),
        request.cookies["session_token"],
    ]


@dataclass
class Chat:
    max_tokens: str = "4000"
    memory_key: str = "chat_history"
    input_key: str = field(default="question")
    token_splitter: str = "cl100k_base"
    password: str | None = None
    secret_name: str = "prod/desk/database"


chain = dict(output_key="answer", prompt_token="{question}".strip("{}") if HELP else None)
key = sorted(SETTINGS, key=lambda api_key: api_key.lower())
message = "os.environ" in HELP
