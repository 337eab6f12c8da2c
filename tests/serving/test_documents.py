"""/openapi.json is true: what it says is asked for and answered so, and what it gives as examples is right."""

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings

from beholder.serving.app import make_app
from beholder.serving.service import Service
from helpers.services import JPEG, asked, quick

# Loaded now, before a test has threads: pytest parses its plugins anew, and Python 3.11 may fail to parse while another
# thread does, as one that writes a traceback does.
if HAVE_SCHEMATHESIS := find_spec("schemathesis") is not None:
    import schemathesis.specs.openapi.schemas

PATHS = {"/v1/score", "/v1/explain", "/v1/models", "/livez", "/readyz", "/metrics"}


def test_every_route_is_described_with_examples(service: Service) -> None:
    document = asked(service, lambda client: client.get("/openapi.json")).json()
    assert set(document["paths"]) == PATHS and "HTTPValidationError" not in json.dumps(document)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"] and "200" in operation["responses"]
            if method == "post":
                assert {"400", "401", "408", "413", "415", "422", "429", "500", "503", "504"} <= set(
                    operation["responses"]
                )
                assert "image/*" in operation["requestBody"]["content"], path
                for status, response in operation["responses"].items():
                    for kind in response["content"].values():
                        assert "example" in kind or "examples" in kind or kind["schema"].get("format") == "binary"
                        if "example" in kind and int(status) >= 400:
                            assert kind["example"]["status"] == int(status) and kind["example"]["title"]


def test_an_answer_has_what_the_example_has(service: Service, photos: list[Path]) -> None:
    async def ask(client: httpx.AsyncClient) -> list[Any]:
        one = await client.post("/v1/score", content=photos[0].read_bytes(), headers=JPEG)
        explained = await client.post("/v1/explain?grid=2", content=photos[0].read_bytes(), headers=JPEG)
        return [one.json(), explained.json(), (await client.get("/openapi.json")).json()]

    one, explained, document = asked(service, ask)
    content = {
        path: document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
        for path in ("/v1/score", "/v1/explain")
    }
    example = content["/v1/score"]["examples"]["one"]["value"]
    assert set(example) - {"beauty"} <= set(one)  # which this model does not have
    assert {name: type(example[name]) for name in example if name in one} == {
        name: type(one[name]) for name in example if name in one
    }
    assert set(explained) == set(content["/v1/explain"]["example"])


@pytest.mark.skipif(not HAVE_SCHEMATHESIS, reason="needs schemathesis")
def test_any_request_that_it_allows_gets_an_answer_that_it_says(colour_model: Path) -> None:
    service = quick(colour_model, max_body=200_000)
    application = make_app(service)
    document = asked(service, lambda client: client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)

    async def main() -> int:
        asked_for = 0
        async with service.running():
            transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                for case in cases:
                    response = await client.request(**case)
                    asked_for += 1
                    check(document, case, response)
        return asked_for

    cases: list[dict[str, Any]] = []
    for operation in schema.get_all_operations():
        collect(operation.ok(), cases)
    assert asyncio.run(main()) >= 50
    assert service.places.taken == 0 and service.bodies.free == service.bodies.count


def collect(operation: Any, cases: list[dict[str, Any]]) -> None:
    """Requests that schemathesis makes of an operation."""
    from hypothesis import given

    @given(case=operation.as_strategy())
    @settings(max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    def draw(case: Any) -> None:
        sent: dict[str, Any] = {
            "method": case.method,
            "url": case.path,
            "params": {name: str(value) for name, value in (case.query or {}).items()},
        }
        if case.media_type == "multipart/form-data" and isinstance(case.body, dict):
            sent["files"] = {name or "a": str(content).encode() for name, content in case.body.items()} or {"a": b""}
        elif case.media_type:
            content = (
                case.body
                if isinstance(case.body, bytes)
                else json.dumps(case.body if isinstance(case.body, dict) else {})
            )
            sent |= {"content": content, "headers": {"Content-Type": case.media_type.replace("*", "jpeg")}}
        cases.append(sent)

    draw()


def check(document: dict[str, Any], case: dict[str, Any], response: httpx.Response) -> None:
    """The status is one that is described, and so is the type of the answer, which has what it must have."""
    described = document["paths"][case["url"]][case["method"].lower()]["responses"]
    assert str(response.status_code) in described, (case, response.text)
    assert response.status_code != 500, response.text
    kind = response.headers["content-type"].partition(";")[0]
    schema = described[str(response.status_code)]["content"][kind]["schema"]
    if kind.endswith("json") and isinstance(response.json(), dict):
        assert set(schema.get("required", ())) <= set(response.json())
