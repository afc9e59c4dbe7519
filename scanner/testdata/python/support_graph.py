"""Support agent on LangGraph.

Set os.environ["OPENAI_API_KEY"] before the start, or export it:
    OPENAI_API_KEY=... python support_graph.py
"""

from __future__ import annotations

import getpass
import os
from typing import Annotated, TypedDict

from dotenv import load_dotenv
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, StateGraph

load_dotenv()

# os.environ["TAVILY_API_KEY"] = "tvly-commented-out"
os.environ["LANGCHAIN_TRACING_V2"] = "true"
os.environ["LANGSMITH_API_KEY"] = "lsv2-Basalt-Heron-41"


def _set_env(var: str) -> None:
    if not os.environ.get(var):
        os.environ[var] = getpass.getpass(f"{var}: ")


_set_env("ANTHROPIC_API_KEY")

DB_URI = (
    "postgresql://graph:Marl-Tern-88@"
    "db.internal:5432/graph?sslmode=require"
)


class State(TypedDict):
    messages: list
    token_budget: int


fast = ChatOpenAI(model="gpt-4o-mini", api_key=os.environ["OPENAI_API_KEY"], max_tokens=800)
deep = ChatAnthropic(
    model="claude-sonnet-4-5",
    api_key="Gneiss-Plover-2049",
    temperature=0,
)


def answer(state: State) -> dict:
    key = os.getenv("TAVILY_API_KEY")
    region = os.environ.get("REGION", "eu-central-1")
    return {"messages": [f"{region}: {bool(key)}"]}


def graph() -> StateGraph:
    builder = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=PostgresSaver.from_conn_string(DB_URI))
