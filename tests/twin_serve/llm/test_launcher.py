from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from twin_data.contracts.errors import (
    ConfigurationError,
    IntegrityError,
    ModelError,
    PlatformError,
    TwinError,
)
from twin_data.contracts.evaluation import GateDecision, Verdict
from twin_data.contracts.releases import (
    Alias,
    GenerationSettings,
    Lineage,
    MachinePrice,
    ModelReference,
    ReleaseBundle,
    RetrievalSettings,
    VerificationSettings,
)
from twin_data.registry.memory import MemoryRegistry
from twin_data.scoring.encoder import write_model_manifest
from twin_serve.llm import launcher, vllm_command
from twin_serve.llm.launcher import LauncherSettings, launch
from twin_serve.llm.vllm_command import (
    Adapter,
    AdapterRoom,
    CpuDtype,
    Device,
    ServedModels,
    vllm_argv,
    vllm_environment,
)

Register = Callable[..., ReleaseBundle]


@pytest.fixture(autouse=True)
def a_machine_with_libnuma(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: name)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def base(cache: Path) -> ModelReference:
    folder = cache / "models" / "base-tiny"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return write_model_manifest(folder, name="Tiny", source="test", licence="Apache-2.0")


@pytest.fixture
def registry(tmp_path: Path) -> MemoryRegistry:
    return MemoryRegistry(tmp_path / "registry")


@pytest.fixture
def register(registry: MemoryRegistry, base: ModelReference, tmp_path: Path) -> Register:
    def register(persona: str, *, champion: bool = False, rank: int = 0, **changes: object) -> ReleaseBundle:
        encoder = ModelReference(name="mini", source="folder", digest="e" * 64, licence="Apache-2.0")
        lineage = Lineage(
            persona_digest="1", features_digest="2", table_versions={}, index="twin-1", recipe="demo",
            recipe_digest="3", code_digest="4", corpus_licence="CC-BY-4.0", consent_date=date(2026, 1, 2),
        )  # fmt: skip
        fields: dict[str, object] = {
            "persona": persona, "display_name": persona.title(), "base_model": base, "max_model_len": 2048,
            "embedding_model": encoder, "prompt_digest": "d", "retrieval": RetrievalSettings(),
            "verification": VerificationSettings(), "generation": GenerationSettings(), "price": MachinePrice(),
            "disclosure": "a program", "style_notes": "", "lineage": lineage, "adapter": "adapter" if rank else None,
        }  # fmt: skip
        manifest = ReleaseBundle.model_validate(fields | changes)
        files = {"adapter/adapter_config.json": json.dumps({"r": rank})} if rank else {}
        registry.register(manifest, {"prompts/answer.txt": "x", **files})
        if champion:
            decision = GateDecision(
                persona=persona, bundle=manifest.bundle_id, verdict=Verdict.PROMOTE, reasons=("bars met",)
            )
            registry.set_alias(persona, Alias.CHAMPION, manifest.bundle_id, reason="bars", decision=decision)
        return manifest

    return register


class Executed:
    """Stands for `os.execve`."""

    argv: tuple[str, ...] = ()
    environment: dict[str, str]

    def __call__(self, program: str, argv: tuple[str, ...], environment: dict[str, str]) -> None:
        assert program == argv[0]
        self.argv, self.environment = argv, environment

    def value(self, flag: str) -> str:
        return self.argv[self.argv.index(flag) + 1]


@pytest.fixture
def start(registry: MemoryRegistry, cache: Path) -> Callable[..., Executed]:
    def start(**changes: object) -> Executed:
        settings = LauncherSettings.model_validate({"python": sys.executable} | changes)
        executed = Executed()
        launch(settings, registry, cache, {"PATH": "/bin"}, execute=executed)
        return executed

    return start


Start = Callable[..., Executed]


def test_the_champion_s_base_model_is_served(
    register: Register, start: Start, cache: Path, base: ModelReference
) -> None:
    register("ada", champion=True)
    register("ada", label="newer candidate", max_model_len=4096)

    executed = start(port=19300)

    assert executed.argv[:3] == (sys.executable, "-m", "vllm.entrypoints.openai.api_server")
    assert executed.value("--model") == str(cache / "models/base-tiny")
    at = executed.argv.index("--served-model-name")
    assert executed.argv[at + 1 : at + 4] == ("base", f"base:{base.digest[:12]}", "--host")
    assert (executed.value("--host"), executed.value("--port")) == ("127.0.0.1", "19300")
    assert executed.value("--max-model-len") == "2048"
    assert "--enable-lora" in executed.argv and "--lora-modules" not in executed.argv
    assert executed.environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
    assert executed.environment["PATH"] == "/bin"
    assert executed.environment["HF_HUB_OFFLINE"] == "1"


def test_a_candidate_is_served_as_long_as_there_is_no_champion(register: Register, start: Start) -> None:
    register("ada", max_model_len=1024)
    register("ada", max_model_len=512)
    assert start().value("--max-model-len") == "512"


def test_the_longest_context_of_all_twins_is_served(register: Register, start: Start) -> None:
    register("ada", max_model_len=1024)
    register("bob", max_model_len=4096)
    assert start().value("--max-model-len") == "4096"
    assert start(personas="ada").value("--max-model-len") == "1024"
    assert start(personas=" ada , unknown").value("--max-model-len") == "1024"


def test_adapters_are_served_under_their_bundle_s_name(
    register: Register, start: Start, registry: MemoryRegistry
) -> None:
    register("ada")
    bob, cleo = register("bob", rank=12), register("cleo", rank=24)

    executed = start()

    at = executed.argv.index("--lora-modules")
    assert executed.argv[at + 1 : at + 3] == tuple(
        f"{one.model_name}={registry.resolve(one.persona, bundle_id=one.bundle_id).adapter}" for one in (bob, cleo)
    )
    assert (executed.value("--max-loras"), executed.value("--max-lora-rank")) == ("4", "32")


def test_the_candidate_s_adapter_is_served_beside_the_champion_s(
    register: Register, start: Start, registry: MemoryRegistry
) -> None:
    champion = register("ada", rank=8, champion=True, label="first")
    register("ada", rank=8, label="neither any more")
    candidate = register("ada", rank=64, label="next")

    executed = start()

    at = executed.argv.index("--lora-modules")
    served = [module.partition("=")[0] for module in executed.argv[at + 1 : at + 3]]
    assert served == [champion.model_name, candidate.model_name] and len(executed.argv) == at + 3
    assert executed.value("--max-lora-rank") == "64"


def test_a_candidate_that_cannot_be_served_is_named_and_the_champion_is_served_all_the_same(
    register: Register,
    start: Start,
    registry: MemoryRegistry,
    base: ModelReference,
    capsys: pytest.CaptureFixture[str],
) -> None:
    register("ada", champion=True)
    other = register("ada", rank=8, base_model=base.model_copy(update={"digest": "f" * 64}))
    assert "--lora-modules" not in start().argv
    assert f"not served from the start: {other.model_name} stands on Tiny (ffffffffffff)" in capsys.readouterr().err

    register("ada", rank=1024)
    assert "--lora-modules" not in start().argv
    assert "rank 1024" in capsys.readouterr().err

    damaged = register("ada", rank=8, label="damaged")
    (registry.resolve("ada", bundle_id=damaged.bundle_id).folder / "adapter/adapter_config.json").write_text("{}")
    assert "--lora-modules" not in start().argv
    assert "adapter_config.json has digest" in capsys.readouterr().err


def test_a_damaged_bundle_of_one_persona_keeps_no_other_from_being_served(
    register: Register, start: Start, registry: MemoryRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    champion, bob = register("ada", rank=8, champion=True), register("bob", rank=8)
    newer = registry.resolve("ada", bundle_id=register("ada", rank=8, label="newer").bundle_id)
    (newer.folder / "manifest.json").write_text("{}")
    assert f"{champion.model_name}=" in start().value("--lora-modules"), "an older or newer one is not asked for"

    live = registry.resolve("ada", bundle_id=champion.bundle_id)
    (live.folder / "manifest.json").write_text("{}")
    assert start().value("--lora-modules").startswith(f"{bob.model_name}=")
    assert f"not served from the start: the bundle in {live.folder}" in capsys.readouterr().err
    with pytest.raises(IntegrityError, match="manifest.json has digest"):
        start(personas="ada")


def test_the_room_for_adapters_is_the_user_s_to_set(register: Register, start: Start) -> None:
    register("ada")
    executed = start(max_loras=16, max_cpu_loras=2, max_lora_rank=100)
    assert [executed.value(f"--max-{what}") for what in ("loras", "cpu-loras", "lora-rank")] == ["16", "16", "128"]


def test_an_adapter_of_too_high_a_rank_is_refused(register: Register, start: Start) -> None:
    register("bob", rank=1024)
    with pytest.raises(ModelError, match="rank 1024"):
        start()


def test_two_base_models_in_one_server_are_refused_and_both_are_named(
    register: Register, start: Start, base: ModelReference
) -> None:
    ada = register("ada")
    bob = register("bob", base_model=base.model_copy(update={"name": "Other", "digest": "f" * 64}))
    with pytest.raises(PlatformError) as caught:
        start()
    for part in (ada.model_name, bob.model_name, "Tiny", "Other"):
        assert part in caught.value.message
    assert "TWIN_PERSONAS=ada" in caught.value.next_step
    start(personas="ada")


def test_the_base_model_must_be_the_one_of_the_bundle(
    register: Register, start: Start, base: ModelReference, cache: Path
) -> None:
    register("ada", base_model=base.model_copy(update={"digest": "f" * 64}))
    with pytest.raises(IntegrityError, match="was made with Tiny"):
        start()
    register("bob")
    (cache / "models/base-tiny/model.safetensors").write_bytes(b"changed")
    with pytest.raises(IntegrityError, match="the manifest says"):
        start(personas="bob")


def test_a_base_model_that_is_not_on_this_machine(register: Register, start: Start, base: ModelReference) -> None:
    register("ada", base_model=base.model_copy(update={"name": "absent"}))
    with pytest.raises(ModelError, match="base-absent"):
        start()


def test_before_the_first_bundle_a_bare_model_is_served(start: Start, base: ModelReference, cache: Path) -> None:
    folder = cache / "models/base-tiny"
    executed = start(base_model=folder, max_model_len=512)
    assert (executed.value("--model"), executed.value("--max-model-len")) == (str(folder), "512")

    (folder / "manifest.json").unlink()
    assert start(base_model=folder).value("--model") == str(folder)
    (folder / "pytorch_model.bin").write_text("x")
    with pytest.raises(IntegrityError):
        start(base_model=folder)
    with pytest.raises(ModelError, match=r"no config\.json"):
        start(base_model=cache)


def test_nothing_to_serve(start: Start) -> None:
    with pytest.raises(PlatformError, match="nothing to serve") as caught:
        start()
    assert "twin features" in caught.value.next_step
    with pytest.raises(PlatformError, match="no bundle of ada, bob is registered"):
        start(personas="ada,bob")


def test_what_the_machine_lacks_is_named(
    register: Register, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register("ada")
    for python in (tmp_path / "absent", tmp_path):
        with pytest.raises(PlatformError, match="TWIN_LLM_PYTHON"):
            start(python=python)

    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(PlatformError) as caught:
        start()
    assert (caught.value.next_step, "libnuma.so.1" in caught.value.message) == ("apt-get install libnuma1", True)
    assert start(device="gpu").argv


def test_an_interpreter_that_fails_is_told(register: Register, registry: MemoryRegistry, cache: Path) -> None:
    register("ada")

    def fails(*_: object) -> None:
        raise OSError(8, "Exec format error")

    with pytest.raises(PlatformError, match="Exec format error"):
        launch(LauncherSettings(python=Path(sys.executable)), registry, cache, {}, execute=fails)


MODELS = ServedModels(folder=Path("/models/base"), digest="0123456789abcdef", max_model_len=2048)


@pytest.mark.parametrize(("native", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_the_command_on_a_cpu_is_as_measured(monkeypatch: pytest.MonkeyPatch, native: bool, dtype: str) -> None:
    monkeypatch.setattr(vllm_command, "multiplies_bfloat16", lambda: native)
    assert vllm_argv(Path("/v/python"), MODELS, port=8001, device=Device.CPU) == (
        "/v/python", "-m", "vllm.entrypoints.openai.api_server",
        "--model", "/models/base", "--served-model-name", "base", "base:0123456789ab",
        "--host", "127.0.0.1", "--port", "8001",
        "--dtype", dtype, "--max-model-len", "2048", "--max-num-seqs", "32", "--enable-prefix-caching",
        "--no-enable-log-requests", "--disable-uvicorn-access-log",
        "--default-chat-template-kwargs", '{"enable_thinking": false}',
        "--enforce-eager", "--distributed-executor-backend", "uni",
        "--enable-lora", "--max-loras", "4", "--max-cpu-loras", "8", "--max-lora-rank", "32",
    )  # fmt: skip


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("told", ["bfloat16", "float32"])
def test_a_cpu_multiplies_in_what_it_is_told(monkeypatch: pytest.MonkeyPatch, native: bool, told: CpuDtype) -> None:
    monkeypatch.setattr(vllm_command, "multiplies_bfloat16", lambda: native)
    argv = vllm_argv(Path("python"), MODELS, port=8001, device=Device.CPU, cpu_dtype=told)
    assert argv[argv.index("--dtype") + 1] == told


def test_a_gpu_gets_none_of_the_cpu_s_settings() -> None:
    extra = ("--tensor-parallel-size", "2")
    argv = vllm_argv(Path("python"), MODELS, port=8001, device=Device.GPU, cpu_dtype="float32", extra=extra)
    assert argv[argv.index("--dtype") + 1] == "bfloat16"
    assert not {"--enforce-eager", "--distributed-executor-backend"} & set(argv)
    assert argv[-2:] == ("--tensor-parallel-size", "2")
    environment = vllm_environment(Device.GPU, Path("/cache"), {})
    assert not [name for name in environment if name.startswith(("VLLM_CPU", "OMP", "VLLM_ENABLE_V1"))]


@pytest.mark.parametrize(("rank", "room"), [(1, "8"), (2, "8"), (8, "8"), (9, "16"), (512, "512")])
def test_room_is_reserved_for_the_highest_rank(rank: int, room: str) -> None:
    adapters = (Adapter("a@1", Path("/a"), 1), Adapter("b@2", Path("/b"), rank))
    models = ServedModels(folder=Path("/m"), digest="d", max_model_len=512, adapters=adapters)
    argv = vllm_argv(Path("python"), models, port=1, device=Device.CPU, room=AdapterRoom(rank=8))
    assert argv[argv.index("--max-lora-rank") + 1] == room


def test_the_user_s_environment_wins() -> None:
    environment = vllm_environment(Device.CPU, Path("/cache"), {"VLLM_CPU_KVCACHE_SPACE": "8", "MINE": "1"})
    assert (environment["VLLM_CPU_KVCACHE_SPACE"], environment["MINE"]) == ("8", "1")
    assert environment["VLLM_CPU_OMP_THREADS_BIND"] == "nobind"
    assert environment["VLLM_CACHE_ROOT"] == "/cache/vllm"


def test_settings_come_from_the_environment() -> None:
    settings = LauncherSettings.from_environment(
        {
            "TWIN_LLM_PYTHON": "/v/python",
            "TWIN_LLM_PORT": "19300",
            "TWIN_LLM_DEVICE": "gpu",
            "TWIN_LLM_ARGS": "--x 'a b'",
            "TWIN_BASE_MODEL": "",
        }
    )
    assert (settings.port, settings.device, settings.base_model) == (19300, Device.GPU, None)
    assert settings.arguments == "--x 'a b'"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWIN_MAX_LORA_RANK", "1000"),
        ("TWIN_LLM_PYTHON", ""),
        ("TWIN_LLM_PORT", "80a"),
        ("TWIN_LLM_DEVICE", "tpu"),
        ("TWIN_LLM_ARGS", "--x 'a"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        LauncherSettings.from_environment({"TWIN_LLM_PYTHON": "/v/python", name: value})
    assert caught.value.message.startswith(name)
    assert isinstance(caught.value, TwinError)


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "error: TWIN_LLM_PYTHON: Field required; next: set TWIN_LLM_PYTHON"),
        ({"TWIN_LLM_PYTHON": "/no/python"}, "error: vLLM's interpreter /no/python"),
        ({"TWIN_LLM_PYTHON": sys.executable, "TWIN_LLM_DEVICE": "gpu"}, "error: there is nothing to serve"),
    ],
)
def test_as_a_command_it_fails_with_one_line(tmp_path: Path, environment: dict[str, str], line: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWIN_")}
    done = subprocess.run(
        [sys.executable, "-m", "twin_serve.llm.launcher"],
        env=clean | {"TWIN_HOME": str(tmp_path)} | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_nothing_heavy_is_imported() -> None:
    code = (
        f"import sys, {launcher.__name__}; "
        "sys.exit(bool({'torch', 'polars', 'mlflow', 'prefect', 'vllm', 'onnxruntime'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
