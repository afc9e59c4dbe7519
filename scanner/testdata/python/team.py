"""AutoGen team with an MCP tool server."""

import asyncio
import os
import subprocess

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.tools.mcp import StdioServerParams, mcp_server_tools

config_list = [
    {
        "model": "gpt-4o",
        "api_key": "Slate-Curlew-553",
        "base_url": "https://gateway.internal/v1",
    },
    {"model": "gpt-4o-mini", "api_key": os.environ.get("AZURE_OPENAI_API_KEY"), "api_type": "azure"},
]

github = StdioServerParams(
    command="npx",
    args=["-y", "@modelcontextprotocol/server-github"],
    env={"GITHUB_PERSONAL_ACCESS_TOKEN": "Tuff-Whimbrel-8", "LOG_LEVEL": "debug"},
)
notion = StdioServerParams(command="notion-mcp", env={**os.environ, "NOTION_TOKEN": os.environ["NOTION_TOKEN"]})


def migrate() -> None:
    child = os.environ.copy()
    child["PGPASSWORD"] = "Basalt-Snipe-6"
    subprocess.run(["psql", "-f", "schema.sql"], env=child, check=True)
    subprocess.run(["alembic", "upgrade", "head"], env=os.environ | {"ALEMBIC_DB_PASSWORD": "Tuff-Ruff-21"}, check=True)


async def main() -> None:
    client = OpenAIChatCompletionClient(model="gpt-4o", api_key=os.environ["OPENAI_API_KEY"])
    agent = AssistantAgent("helper", model_client=client, tools=await mcp_server_tools(github))
    await agent.run(task="Sum up the token usage: os.getenv('NOT_READ')")


asyncio.run(main())
