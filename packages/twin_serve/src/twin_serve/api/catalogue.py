"""What can be asked, opened and looked at: models, documents, example questions, status, metrics, the page."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, JSONResponse, Response

from twin_data.configuration.home import check_persona_name
from twin_data.contracts.errors import RegistryError, StoreError
from twin_data.contracts.releases import Alias
from twin_data.registry.port import RegisteredBundle
from twin_serve.api.dependencies import KeyDependency, Service, ServiceDependency
from twin_serve.ledger.errors import PersonaNotAllowedError

PAGE = Path(__file__).resolve().parent.parent / "page"
EXAMPLES = 3
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
router = APIRouter(tags=["catalogue"])


@router.get("/v1/models")
async def list_models(service: ServiceDependency, key: KeyDependency) -> dict[str, Any]:
    """The twins this key may ask: `<persona>` where there is a champion, else `<persona>@<bundle>`."""
    bundles = [one for one in await service.twins.bundles() if key.allows(one.manifest.persona)]
    return {"object": "list", "data": [_model(one) for one in bundles]}


@router.get("/v1/models/{model}")
async def get_model(model: str, service: ServiceDependency, key: KeyDependency) -> dict[str, Any]:
    """One twin by its model name."""
    listed = [_model(one) for one in await service.twins.bundles() if key.allows(one.manifest.persona)]
    found = next((one for one in listed if one["id"] == model), None)
    if found is None:
        raise RegistryError(f"there is no model {model!r}", next_step="GET /v1/models lists what there is")
    return found


def _model(bundle: RegisteredBundle) -> dict[str, Any]:
    manifest = bundle.manifest
    champion = Alias.CHAMPION in bundle.aliases
    return {
        "id": manifest.persona if champion else manifest.model_name,
        "object": "model",
        "created": int(time.mktime(manifest.lineage.consent_date.timetuple())),
        "owned_by": manifest.persona,
        "twin": {
            "persona": manifest.persona,
            "display_name": manifest.display_name,
            "bundle": manifest.bundle_id,
            "alias": Alias.CHAMPION.value if champion else Alias.CANDIDATE.value,
            "label": manifest.label,
        },
    }


@router.get("/api/documents/{persona}")
async def get_document(
    persona: str, service: ServiceDependency, key: KeyDependency, document_id: str = Query(alias="id", max_length=2000)
) -> dict[str, Any]:
    """A whole clean document; offsets of its passages are Unicode code points."""
    _require_access(key.allows(check_persona_name(persona)), persona)
    document = await service.search.document(persona, document_id)
    if document is None:
        raise RegistryError(f"{persona!r} has no document {document_id!r}", next_step="take the id from a citation")
    return document.model_dump(mode="json", include={"document_id", "title", "date", "url", "text", "passages"})


@router.get("/api/examples/{persona}")
async def get_examples(persona: str, service: ServiceDependency, key: KeyDependency) -> dict[str, list[str]]:
    """A few questions that the archive answers, for the page's first view."""
    _require_access(key.allows(check_persona_name(persona)), persona)
    return {"questions": _examples(service, persona)}


def _examples(service: Service, persona: str) -> list[str]:
    path = service.home.persona_folder(persona) / "questions.jsonl"
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    answerable = [str(row["question"]) for row in rows if row.get("expected") == "answer"]
    step = max(1, len(answerable) // EXAMPLES)
    return answerable[::step][:EXAMPLES]


@router.get("/api/status")
async def get_status(service: ServiceDependency) -> dict[str, Any]:
    """Twins, servers and the addresses of their pages. Holds nothing of any archive."""
    twins = []
    for bundle in await service.twins.bundles():
        manifest = bundle.manifest
        try:
            _, identity = await service.search.identity(manifest.persona)
            documents, chunks = identity.documents, identity.chunks
        except StoreError:
            documents = chunks = 0
        twins.append({**_model(bundle)["twin"], "documents": documents, "chunks": chunks})
    return {"twins": twins, **_platform(service, await service.search.is_healthy(), await service.llm.is_healthy())}


def _platform(service: Service, search_is_healthy: bool, llm_is_healthy: bool) -> dict[str, Any]:
    """What the platform wrote down about its servers, with the two that this service talks to checked just now."""
    checked = {"elasticsearch": search_is_healthy, "llm": llm_is_healthy}
    services, links = [], []
    for path in sorted(service.home.run.glob("*.json")):
        entry = json.loads(path.read_text("utf-8"))
        if "url" not in entry or "name" not in entry:
            continue
        healthy = checked.pop(entry["name"], True)
        services.append({"name": entry["name"], "state": "running" if healthy else "not answering", "url": entry["url"], "detail": ""})
        if entry["name"] in {"prefect", "mlflow", "evidently"}:
            links.append({"name": entry["name"], "url": entry["url"]})
    for name, healthy in checked.items():
        services.append({"name": name, "state": "external" if healthy else "not answering", "url": None, "detail": ""})
    return {"services": services, "links": links}


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
async def readyz(service: ServiceDependency) -> JSONResponse:
    """The servers behind it answer, too."""
    state = {"elasticsearch": await service.search.is_healthy(), "llm": await service.llm.is_healthy()}
    return JSONResponse(state, 200 if all(state.values()) else 503)


@router.get("/metrics", include_in_schema=False)
async def metrics(service: ServiceDependency) -> Response:
    """Prometheus metrics."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


@router.get("/", include_in_schema=False)
async def index() -> FileResponse:
    """The chat page."""
    return FileResponse(PAGE / "index.html", headers=PAGE_HEADERS)


@router.get("/status", include_in_schema=False)
async def status_page() -> FileResponse:
    """The status page."""
    return FileResponse(PAGE / "status.html", headers=PAGE_HEADERS)


def _require_access(allowed: bool, persona: str) -> None:
    if not allowed:
        raise PersonaNotAllowedError(f"this key does not open {persona!r}", next_step="twin keys create NAME")
