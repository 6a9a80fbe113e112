"""HTTP for every connector: one client an endpoint, bounded in time, memory and concurrency, with errors of our own."""

from connectors.http.answer import Answer
from connectors.http.body import ByteBudget
from connectors.http.client import HttpClient
from connectors.http.conversation import Conversation, Manner
from connectors.http.endpoint import Auth, BasicAuth, BearerToken, BearerTokenFile, Endpoint, Tls
from connectors.http.json_body import Json, NotTheApiError, broken_json, decoded_json
from connectors.http.pacing import Pacing
from connectors.http.request import Request

__all__ = [
    "Answer",
    "Auth",
    "BasicAuth",
    "BearerToken",
    "BearerTokenFile",
    "ByteBudget",
    "Conversation",
    "Endpoint",
    "HttpClient",
    "Json",
    "Manner",
    "NotTheApiError",
    "Pacing",
    "Request",
    "Tls",
    "broken_json",
    "decoded_json",
]
