"""The launcher and vLLM for real: registry in, answers over HTTP out, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from safetensors.numpy import save_file

from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.errors import TwinError
from twin_data.contracts.releases import GenerationSettings, ModelReference, ReleaseBundle
from twin_data.prompts.renderer import Message
from twin_data.registry.mlflow_registry import MlflowRegistry
from twin_data.scoring.copies import runs_of, word_stretches
from twin_serve.llm.adapters import AdapterRefusedError, VllmAdapters
from twin_serve.llm.client import Usage, VllmModel
from twin_serve.llm.keeper import AdaptedModel, AdapterKeeper
from twin_serve.llm.vllm_command import base_name
from twin_train.base_models import BaseModelConfig, ensure_base_model

from ..bundles import bundle

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 30.0
SECRET_QUESTION = "What is the capital of France? Answer with its name. (ref 83b1f)"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client

    def ask(self, question: str, *, model: str = "base", max_tokens: int = 12) -> httpx.Response:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": max_tokens,
            "temperature": 0,
        }
        return self.client.post("/v1/chat/completions", json=body)

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.client.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.5)
        pytest.fail("vLLM did not get healthy:\n" + "\n".join(self.log.read_text("utf-8").splitlines()[-30:]))

    def stop(self) -> None:
        """End it as `twin down` does, and assert that nothing of it goes on."""
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        self.process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
        for process in alive:
            process.kill()
        self.process.wait(STOP_TIMEOUT_S)
        self.client.close()
        assert alive == []


def start(home: TwinHome) -> Server:
    python = Path(os.environ.get("TWIN_LLM_ENV", REPOSITORY / ".venv-serve")) / "bin" / "python"
    if not python.exists():
        pytest.fail(f"{python} does not exist: make setup")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"TWIN_HOME": str(home.root), "TWIN_LLM_PYTHON": str(python), "TWIN_LLM_PORT": str(port)}
    log = home.root / "llm.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "twin_serve.llm.launcher"],
            env={**os.environ, **own}, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    server = Server(process, log, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120))
    try:
        server.wait_until_healthy()
    except BaseException:
        if process.poll() is None:
            server.stop()
        server.client.close()
        raise
    return server


def manifest(persona: str, base: ModelReference, adapter: str | None = None) -> ReleaseBundle:
    return bundle(persona=persona, base_model=base, max_model_len=1024, adapter=adapter)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelReference:
    return ensure_base_model(cache_folder() / "models", BaseModelConfig(), lambda _: None)[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, base: ModelReference) -> Iterator[Server]:
    home = TwinHome(tmp_path_factory.mktemp("home"))
    MlflowRegistry(home).register(manifest("ada", base), {"prompts/answer.txt": "x"})
    running = start(home)
    yield running
    running.stop()


def test_the_launcher_became_vllm_and_serves_the_base_model(server: Server, base: ModelReference) -> None:
    assert "vllm.entrypoints.openai.api_server" in psutil.Process(server.process.pid).cmdline()
    plain, pinned = server.client.get("/v1/models").json()["data"]
    assert (plain["id"], plain["max_model_len"]) == ("base", 1024)
    assert pinned["id"] == f"base:{base.digest[:12]}"


def test_it_answers_and_keeps_questions_out_of_its_log(server: Server) -> None:
    answer = server.ask(SECRET_QUESTION)

    assert answer.status_code == 200
    assert "Paris" in answer.json()["choices"][0]["message"]["content"]
    assert answer.json()["usage"]["completion_tokens"] > 0
    assert "83b1f" not in server.log.read_text("utf-8")


def test_requests_at_once_are_all_answered(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: server.ask(f"Count from {n} to {n + 3}."), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8


def test_a_prompt_over_the_context_is_refused_and_the_server_lives_on(server: Server) -> None:
    refused = server.ask("tide " * 3000)
    assert refused.status_code == 400
    assert "1024" in refused.text
    assert server.ask("Hello").status_code == 200


@pytest.mark.slow
def test_no_stretch_of_what_is_to_be_avoided_is_written(server: Server) -> None:
    messages = (Message(role="user", content="Tell me in one sentence what a lighthouse is for."),)
    settings = GenerationSettings(max_tokens=60, temperature=0)

    async def say(avoid: Sequence[str] = ()) -> str:
        vllm = VllmModel(str(server.client.base_url))
        try:
            return "".join([piece async for piece in vllm.stream("base", messages, settings, Usage(), avoid)])
        finally:
            await vllm.close()

    first = asyncio.run(say())
    again = asyncio.run(say(runs_of(first)))
    assert word_stretches(first) and word_stretches(again)
    assert set(word_stretches(first)).isdisjoint(word_stretches(again))


def test_an_adapter_is_served_beside_the_base_model(tmp_path: Path, base: ModelReference) -> None:
    """Some from the start, others while it runs; what is refused is refused with its reason."""
    home = TwinHome(tmp_path / "home")
    registry = MlflowRegistry(home)

    def register(label: str, rank: int) -> str:
        files = {"prompts/answer.txt": "x", "adapter": pushing_adapter(tmp_path / label, rank)}
        one = manifest("bob", base, "adapter").model_copy(update={"label": label})
        return registry.register(one, files).manifest.model_name

    registry.register(manifest("ada", base), {"prompts/answer.txt": "x"})
    tuned = register("first", 4)
    server = start(home)
    try:
        plain, changed = server.ask(SECRET_QUESTION), server.ask(SECRET_QUESTION, model=tuned)
        later, too_big = register("later", 8), register("too big", 64)
        assert server.ask(SECRET_QUESTION, model=later).status_code == 404
        said, refused, after = asyncio.run(
            ask_later(str(server.client.base_url), registry, base, tuned, later, too_big)
        )
    finally:
        server.stop()
    assert "Paris" in plain.json()["choices"][0]["message"]["content"]
    assert changed.status_code == 200
    assert "Paris" not in changed.json()["choices"][0]["message"]["content"]
    assert said[0] and "Paris" not in said[0] and "Paris" in said[1] and said[2]
    assert too_big in refused.message and "rank 64 is greater" in refused.message
    assert "TWIN_MAX_LORA_RANK=64" in refused.next_step
    assert (tuned in after, later in after) == (False, True)


async def ask_later(
    url: str, registry: MlflowRegistry, base: ModelReference, tuned: str, later: str, too_big: str
) -> tuple[list[str], TwinError, frozenset[str]]:
    """What a bundle loaded on demand, the base model, and a bundle let go while it speaks say; a refusal; what is left."""
    adapters, vllm = VllmAdapters(url), VllmModel(url)
    model = AdaptedModel(vllm, AdapterKeeper(adapters, registry))
    messages = (Message(role="user", content=SECRET_QUESTION),)
    settings = GenerationSettings(max_tokens=40, temperature=0)

    async def say(name: str) -> str:
        return "".join([piece async for piece in model.stream(name, messages, settings, Usage())])

    said = [await say(later), await say(base_name(base.digest))]
    async with aclosing(model.stream(tuned, messages, settings, Usage())) as speaking:
        said.append(await anext(speaking))
        await adapters.unload(tuned)
        said[-1] += "".join([piece async for piece in speaking])
    with pytest.raises(AdapterRefusedError) as refused:
        await say(too_big)
    after = (await adapters.served()).adapters
    await adapters.close()
    await vllm.close()
    return said, refused.value, after


def pushing_adapter(adapter: Path, rank: int) -> Path:
    """One whose weights push every hidden state the same way, so that its answers cannot be the base model's."""
    folder = ensure_base_model(cache_folder() / "models", BaseModelConfig(), lambda _: None)[0]
    width = json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"]
    generator = np.random.default_rng(0)
    layer = "base_model.model.model.layers.{}.self_attn.o_proj.lora_{}.weight"
    weights = {
        layer.format(n, side): generator.normal(size=shape).astype(np.float32)
        for n in range(8)
        for side, shape in (("A", (rank, width)), ("B", (width, rank)))
    }
    adapter.mkdir()
    save_file(weights, adapter / "adapter_model.safetensors")
    (adapter / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "r": rank, "lora_alpha": 8, "target_modules": ["o_proj"], "bias": "none"})
    )
    return adapter
