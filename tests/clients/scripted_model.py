"""A model that follows a script, behind the Messages API on loopback: it says which tool to call and keeps what it read.

    with scripted_model(ToolCall("mcp__sre__query_prometheus", {"query": "up"})) as model:
        ...                                  # a client with ANTHROPIC_BASE_URL=model.url and any key
    model.tool_results()                     # what the client would have put in front of a real model

It answers as the public API does: server-sent events, one content block. A request without tools is the client's own
housekeeping (a title, a summary) and gets one word.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.serving import QuietHandler, on_free_port, serving

LAST_WORDS = "Done."


@dataclass(frozen=True)
class ToolCall:
    """A call the model makes."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass
class ScriptedModel:
    """The script and everything the client sent.

    Attributes:
        requests: Bodies of the requests that offered tools, in order.
        paths: Every path asked for, to see what else the client wanted.
    """

    script: Sequence[ToolCall]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def tool_results(self) -> list[dict[str, Any]]:
        """Return the tool results of the last request, in the order the calls were made."""
        messages = self.requests[-1]["messages"] if self.requests else []
        blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
        return [block for block in blocks if block["type"] == "tool_result"]

    def next_block(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the content block that answers a request."""
        if not body.get("tools"):
            return {"type": "text", "text": "ok"}
        self.requests.append(body)
        made = len(self.tool_results())
        if made >= len(self.script):
            return {"type": "text", "text": LAST_WORDS}
        call = self.script[made]
        return {"type": "tool_use", "id": f"toolu_{made:04d}", "name": call.tool, "input": call.arguments}


def text_of(result: dict[str, Any]) -> str:
    """Return the text of a tool result, which a client may send as a string or as blocks."""
    content = result["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


@contextmanager
def scripted_model(*script: ToolCall) -> Iterator[ScriptedModel]:
    """Serve a model on a free port of 127.0.0.1 until the block ends."""
    model = ScriptedModel(script)
    with serving(on_free_port(_handler_of(model))) as address:
        model.url = f"http://{address}"
        yield model


def _handler_of(model: ScriptedModel) -> type[QuietHandler]:
    lock = threading.Lock()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            with lock:
                model.paths.append(self.path)
                if not self.path.partition("?")[0].endswith("/v1/messages"):
                    self._send(b'{"input_tokens": 1}', "application/json")
                    return
                block = model.next_block(body)
            events = _events(block, str(body.get("model", "scripted")))
            if body.get("stream"):
                data = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
                self._send(data.encode(), "text/event-stream")
            else:
                self._send(json.dumps(_whole(events, block)).encode(), "application/json")

        def do_GET(self) -> None:
            self._nothing_here()

        def do_HEAD(self) -> None:
            self._nothing_here()

        def _nothing_here(self) -> None:
            with lock:
                model.paths.append(self.path)
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()

        def _send(self, data: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _events(block: dict[str, Any], model: str) -> list[dict[str, Any]]:
    if block["type"] == "tool_use":
        start: dict[str, Any] = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    else:
        start = {**block, "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    message: dict[str, Any] = {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    stop_reason = "tool_use" if block["type"] == "tool_use" else "end_turn"
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason, "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ]


def _whole(events: list[dict[str, Any]], block: dict[str, Any]) -> dict[str, Any]:
    return {**events[0]["message"], "content": [block], "stop_reason": events[-2]["delta"]["stop_reason"]}
