"""tickets-mcp: an MCP server (stdio, JSON-RPC 2.0) for the ticket system.

It serves every tenant; the caller names the one it works for. The ticket system
decides what the token may do. Protocol: modelcontextprotocol.io, 2025-06-18.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

PROTOCOL = "2025-06-18"
OLDER = ("2024-11-05", "2025-03-26")
TENANTS = ("aurora", "borealis", "cumulus")
MAX_ANSWER = 1 << 20  # bytes that are read from the ticket system

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602

Json = dict[str, Any]


class RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class ToolError(Exception):
    """The tool was called well and could not do it; the model sees the text."""


def api(path: str, query: dict[str, str]) -> Any:
    base = os.environ.get("TICKETS_API_URL", "")
    token = os.environ.get("TICKETS_API_TOKEN", "")
    if not base or not token:
        raise ToolError("the ticket system is not configured")
    request = urllib.request.Request(
        f"{base.rstrip('/')}{path}?{urllib.parse.urlencode(query)}",
        headers={"Authorization": "Bearer " + token, "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read(MAX_ANSWER))
    except urllib.error.HTTPError as error:
        raise ToolError(f"the ticket system answered {error.code}") from None
    except (OSError, ValueError):
        raise ToolError("the ticket system cannot be reached") from None


def tenant_of(arguments: Json) -> str:
    tenant = arguments.get("tenant")
    if tenant not in TENANTS:
        raise RpcError(INVALID_PARAMS, "tenant: one of " + ", ".join(TENANTS))
    return str(tenant)


def list_tickets(arguments: Json) -> Any:
    status = arguments.get("status", "new")
    if status not in ("new", "triaged", "escalated", "closed"):
        raise RpcError(INVALID_PARAMS, "status: new, triaged, escalated or closed")
    return api("/v1/tickets", {"tenant": tenant_of(arguments), "status": status, "limit": "50"})


def get_ticket(arguments: Json) -> Any:
    number = arguments.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise RpcError(INVALID_PARAMS, "id: a positive integer")
    return api(f"/v1/tickets/{number}", {"tenant": tenant_of(arguments)})


_TENANT = {"type": "string", "enum": list(TENANTS)}

TOOLS: dict[str, tuple[Callable[[Json], Any], str, Json]] = {
    "list_tickets": (
        list_tickets,
        "Lists a tenant's tickets with a status.",
        {
            "type": "object",
            "properties": {"tenant": _TENANT, "status": {"type": "string", "default": "new"}},
            "required": ["tenant"],
        },
    ),
    "get_ticket": (
        get_ticket,
        "Returns one ticket of a tenant.",
        {
            "type": "object",
            "properties": {"tenant": _TENANT, "id": {"type": "integer", "minimum": 1}},
            "required": ["tenant", "id"],
        },
    ),
}


def call_tool(params: Json) -> Json:
    name, arguments = params.get("name"), params.get("arguments", {})
    if name not in TOOLS or not isinstance(arguments, dict):
        raise RpcError(INVALID_PARAMS, "unknown tool, or arguments that are no object")
    try:
        text, failed = json.dumps(TOOLS[name][0](arguments)), False
    except ToolError as error:
        text, failed = str(error), True
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def answer(method: str, params: Json) -> Json:
    if method == "initialize":
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in OLDER else PROTOCOL,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "tickets-mcp", "version": "1.3.0"},
        }
    if method == "ping":
        return {}
    if method == "tools/list":
        return {
            "tools": [
                {"name": name, "description": text, "inputSchema": schema}
                for name, (_, text, schema) in TOOLS.items()
            ]
        }
    if method == "tools/call":
        return call_tool(params)
    raise RpcError(NO_METHOD, "method not found")


def handle(line: str) -> Json | None:
    """The response to one message; None for a notification."""
    number: Any = None
    try:
        try:
            message = json.loads(line)
        except ValueError:
            raise RpcError(PARSE_ERROR, "not JSON") from None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise RpcError(INVALID_REQUEST, "not a JSON-RPC 2.0 message")
        number = message.get("id")
        method, params = message.get("method"), message.get("params", {})
        if not isinstance(method, str) or not isinstance(params, dict):
            raise RpcError(INVALID_REQUEST, "method or params of a wrong type")
        if "id" not in message:
            return None
        return {"jsonrpc": "2.0", "id": number, "result": answer(method, params)}
    except RpcError as error:
        return {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}}


def main() -> int:
    for line in sys.stdin:
        if line.strip() and (response := handle(line)) is not None:
            print(json.dumps(response), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
