import json
import os as o
from os import environ, getenv as env_of

from crewai import Agent, Crew, LLM, Task
from crewai_tools import SerperDevTool

SERPER = "SERPER_API_KEY"
REQUIRED = ["OPENAI_API_KEY", "QDRANT_API_KEY"]

missing = [name for name in REQUIRED if name not in environ]
if missing:
    raise SystemExit("missing: " + ", ".join(missing))

search = SerperDevTool(api_key=environ[SERPER])
qdrant = env_of("QDRANT_API_KEY") or "qdrant-Loess-Avocet"
model = o.environ.get(
    "MODEL",  # not on the line of the call
    "gpt-4o",
)
PREFIX = "CREW_"
webhook = o.environ[PREFIX + "WEBHOOK_SECRET"]


class Researcher:
    def __init__(self, env=environ):
        self.env = env
        self.headers = {"Authorization": "Bearer Chert-Godwit-90", "Accept": "application/json"}

    def llm(self):
        return LLM(model=model, api_key=self.env["OPENAI_API_KEY"])

    def dump(self):
        print(json.dumps(dict(environ), indent=2))

    def banner(self):
        print(f"search with {env_of('SERPER_API_KEY')}")
        print("key is", "set" if env_of("SERPER_API_KEY") else "missing")


later = lambda: environ["LATE_TOKEN"]
key_file = environ["DATABASE_PASSWORD_FILE"]
model_name = o.getenv("MODEL")
