"""What can be asked, opened and looked at: models, documents, example questions, status, metrics, the page."""

from __future__ import annotations

import asyncio
import json
from calendar import timegm
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from twin_data.configuration.home import PERSONA_NAME
from twin_data.contracts.api_headers import CODE_HEADER
from twin_data.contracts.errors import ConfigurationError, RegistryError, StoreError
from twin_data.contracts.releases import Alias
from twin_data.registry.port import RegisteredBundle
from twin_serve.api.dependencies import KeyDependency, KnownKeyDependency, Service, ServiceDependency
from twin_serve.api.errors import UnauthorizedError
from twin_serve.ledger.errors import PersonaNotAllowedError
from twin_serve.ledger.records import KeyRecord
from twin_serve.version import answering_code

PAGE = Path(__file__).resolve().parent.parent / "page"
EXAMPLES = 3
LINKED = frozenset({"prefect", "mlflow", "evidently"})
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
LOOKED_AT = ["GET", "HEAD"]
"""What monitors and browsers ask of a page: also whether it is there."""
_BY_RANK = (Alias.CHAMPION, Alias.CANDIDATE)
router = APIRouter(tags=["catalogue"])


@router.get("/v1/models")
async def list_models(service: ServiceDependency, key: KeyDependency, response: Response) -> dict[str, Any]:
    """The twins this key may ask: `<persona>` where there is a champion, else `<persona>@<bundle>`."""
    response.headers[CODE_HEADER] = await asyncio.to_thread(answering_code)
    bundles = [one for one in await service.twins.bundles() if key.allows(one.manifest.persona)]
    return {"object": "list", "data": [_model(one) for one in bundles]}


@router.get("/v1/models/{model}")
async def get_model(model: str, service: ServiceDependency, key: KeyDependency) -> dict[str, Any]:
    """One twin by its model name."""
    _require_access(key, model.partition("@")[0])
    bundle = await service.twins.bundle(model)
    return _model(bundle) | {"id": model}


def _model(bundle: RegisteredBundle) -> dict[str, Any]:
    manifest = bundle.manifest
    champion = Alias.CHAMPION in bundle.aliases
    return {
        "id": manifest.persona if champion else manifest.model_name,
        "object": "model",
        "created": timegm(manifest.lineage.consent_date.timetuple()),
        "owned_by": manifest.persona,
        "twin": {
            "persona": manifest.persona,
            "display_name": manifest.display_name,
            "bundle": manifest.bundle_id,
            "alias": next((alias.value for alias in _BY_RANK if alias in bundle.aliases), None),
            "label": manifest.label,
        },
    }


@router.get("/api/documents/{persona}")
async def get_document(
    persona: str, service: ServiceDependency, key: KeyDependency, document_id: str = Query(alias="id", max_length=2000)
) -> dict[str, Any]:
    """A whole clean document; offsets of its passages are Unicode code points."""
    await _require_persona(service, key, persona)
    document = await service.search.document(persona, document_id)
    if document is None:
        raise RegistryError(f"{persona!r} has no document {document_id!r}", next_step="take the id from a citation")
    return document.model_dump(mode="json", include={"document_id", "title", "date", "url", "text", "passages"})


@router.get("/api/examples/{persona}")
async def get_examples(persona: str, service: ServiceDependency, key: KeyDependency) -> dict[str, list[str]]:
    """A few questions that the archive answers, for the page's first view."""
    await _require_persona(service, key, persona)
    return {"questions": await asyncio.to_thread(_examples, service, persona)}


def _examples(service: Service, persona: str) -> list[str]:
    path = service.home.persona_folder(persona) / "questions.jsonl"
    if not path.is_file():
        return []
    rows = [
        _row(path, number, line) for number, line in enumerate(path.read_text("utf-8").split("\n"), 1) if line.strip()
    ]
    answerable = [str(row["question"]) for row in rows if row.get("expected") == "answer"]
    step = max(1, len(answerable) // EXAMPLES)
    return answerable[::step][:EXAMPLES]


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ConfigurationError(
            f"{path.name}:{number}: not JSON: {error}", next_step=f"correct {path.name}"
        ) from error
    return row if isinstance(row, dict) else {}


@router.get("/api/status")
async def get_status(service: ServiceDependency, key: KeyDependency) -> dict[str, Any]:
    """Servers and the addresses of their pages, and the twins that the caller's key opens."""
    twins = []
    for bundle in await service.twins.bundles():
        manifest = bundle.manifest
        if not key.allows(manifest.persona):
            continue
        try:
            _, identity = await service.search.identity(manifest.persona)
            documents, chunks = identity.documents, identity.chunks
        except StoreError:
            documents = chunks = 0
        twins.append({**_model(bundle)["twin"], "documents": documents, "chunks": chunks})
    health = await _health(service)
    return {"twins": twins, **await asyncio.to_thread(_platform, service.home.run, health)}


async def _health(service: Service) -> dict[str, bool]:
    """Whether the two servers that this service talks to answer, asked just now."""
    search, llm = await asyncio.gather(service.search.is_healthy(), service.llm.is_healthy())
    return {"elasticsearch": search, "llm": llm}


def _platform(run: Path, health: dict[str, bool]) -> dict[str, Any]:
    """What the platform wrote down about its servers."""
    entries = [entry for path in sorted(run.glob("*.json")) if (entry := _run_record(path))]
    services = [_service(one["name"], one["url"], health.get(one["name"], True)) for one in entries]
    elsewhere = health.keys() - {one["name"] for one in entries}
    services += [_service(name, None, health[name]) for name in sorted(elsewhere)]
    links = [{"name": one["name"], "url": one["url"]} for one in entries if one["name"] in LINKED]
    return {"services": services, "links": links}


def _service(name: str, url: str | None, healthy: bool) -> dict[str, Any]:
    state = "not answering" if not healthy else "running" if url else "external"
    return {"name": name, "state": state, "url": url, "detail": ""}


def _run_record(path: Path) -> dict[str, str] | None:
    """Name and address of a server; None if it went down just now, or its record is not of this form."""
    try:
        entry = json.loads(path.read_text("utf-8"))
        return {"name": entry["name"], "url": entry["url"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


@router.api_route("/healthz", methods=LOOKED_AT, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.api_route("/readyz", methods=LOOKED_AT, include_in_schema=False)
async def readyz(service: ServiceDependency) -> JSONResponse:
    """The servers behind it answer, too."""
    state = await _health(service)
    return JSONResponse(state, 200 if all(state.values()) else 503)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, service: ServiceDependency, key: KnownKeyDependency) -> Response:
    """Prometheus metrics, by persona: for this machine, or for a key that opens every persona."""
    if not _is_this_machine(request) and (key is None or key.limits.personas is not None):
        raise UnauthorizedError(
            "metrics name every persona: they are for this machine, or for a key that opens all of them",
            next_step="twin keys create NAME",
        )
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


@router.api_route("/", methods=LOOKED_AT, include_in_schema=False)
async def index() -> FileResponse:
    """The chat page."""
    return FileResponse(PAGE / "index.html", headers=PAGE_HEADERS)


@router.api_route("/status", methods=LOOKED_AT, include_in_schema=False)
async def status_page() -> FileResponse:
    """The status page."""
    return FileResponse(PAGE / "status.html", headers=PAGE_HEADERS)


def _is_this_machine(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:  # a name, as of a socket file's
        return False


def _require_access(key: KeyRecord, persona: str) -> None:
    if not PERSONA_NAME.fullmatch(persona):
        raise _no_persona(persona)
    if not key.allows(persona):
        raise PersonaNotAllowedError(
            f"this key does not open {persona!r}", next_step=f"twin keys create NAME --persona {persona}"
        )


async def _require_persona(service: Service, key: KeyRecord, persona: str) -> None:
    """A persona that the key opens and that has a bundle.

    Raises:
        RegistryError: Nobody has registered a bundle of it.
        PersonaNotAllowedError: The key does not open it, whether or not there is one.
    """
    _require_access(key, persona)
    if not any(one.manifest.persona == persona for one in await service.twins.bundles()):
        raise _no_persona(persona)


def _no_persona(persona: str) -> RegistryError:
    return RegistryError(f"there is no persona {persona!r}", next_step="GET /v1/models lists what there is")
