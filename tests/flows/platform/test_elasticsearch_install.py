from __future__ import annotations

import gc
import hashlib
import io
import tarfile
import threading
import warnings
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.platform import elasticsearch_install as install_module
from flows.platform.elasticsearch_install import distribution_folder, install, percentages, unpack
from twin_data.contracts.errors import IntegrityError, PlatformError

ROOT = "sonarqube-1/elasticsearch"
KEPT = {
    "lib/elasticsearch.jar": "jar",
    "lib/platform/linux-x64/libvec.so": "native",
    "modules/reindex/reindex.jar": "jar",
    "LICENSE.txt": "licence",
}
LEFT_OUT = {
    "lib/platform/darwin-x64/libvec.dylib": "native",
    "lib/tools/server-cli/cli.jar": "launcher",
    "modules/x-pack-esql-core/esql.jar": "jar",
    "config/users": "",
    "bin/elasticsearch": "#!",
}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive in a Maven repository, as the real one is laid out, and the digest that is expected."""
    path = tmp_path / "maven" / install_module._path_in_repository()
    path.parent.mkdir(parents=True)
    runtime = io.BytesIO()
    with tarfile.open(fileobj=runtime, mode="w:gz") as tar:
        entry = tarfile.TarInfo("jdk-21-jre/lib/server/libjvm.so")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"jvm"))
    with zipfile.ZipFile(path, "w") as bundle:
        for name, text in {**KEPT, **LEFT_OUT}.items():
            bundle.writestr(f"{ROOT}/{name}", text)
        bundle.writestr(
            f"{ROOT}/modules/reindex/plugin-descriptor.properties", "name=reindex\nmodulename=org.reindex\n"
        )
        bundle.writestr("sonarqube-1/lib/sonar.jar", "not wanted")
        bundle.writestr("sonarqube-1/jres/OpenJDK21U-jre_x64_linux_hotspot_21.tar.gz", runtime.getvalue())
    monkeypatch.setattr(install_module, "ARCHIVE_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.fixture
def maven_central(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server in Maven Central's place; yields the paths that were asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    handler = partial(Handler, directory=str(tmp_path / "maven"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr("jgo.maven._core.DEFAULT_REMOTE_REPOS", {"test": f"http://127.0.0.1:{server.server_port}"})
        yield asked
        server.shutdown()
        thread.join()
    with warnings.catch_warnings():  # jgo does not close its connections
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_only_what_one_node_needs_is_kept(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "es"
    folder.parent.mkdir()
    unpack(archive, folder)
    assert contents(folder) == {
        **KEPT,
        "modules/reindex/plugin-descriptor.properties": "name=reindex\n",
        "jre/jdk-21-jre/lib/server/libjvm.so": "jvm",
    }
    assert (folder / "plugins").is_dir()
    assert [path.name for path in folder.parent.iterdir()] == ["es"]


def test_it_is_taken_from_the_users_repository_which_is_left_as_it_is(archive: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = install(cache, tmp_path / "maven")
    assert folder == distribution_folder(cache)
    assert contents(folder)["lib/elasticsearch.jar"] == "jar"
    assert archive.is_file()


def test_it_is_downloaded_once_and_the_archive_deleted(maven_central: list[str], tmp_path: Path) -> None:
    cache, said = tmp_path / "cache", []
    install(cache, report=said.append)
    assert sorted(path.name for path in cache.iterdir()) == ["elasticsearch-9.4.3", "elasticsearch.lock"]
    assert any("100 % of" in line for line in said)
    requests = len(maven_central)
    install(cache, report=said.append)
    assert len(maven_central) == requests


def test_many_may_ask_at_once(maven_central: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    threads = [threading.Thread(target=install, args=(cache,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents(distribution_folder(cache))["lib/elasticsearch.jar"] == "jar"
    assert sum(path.endswith(".zip") for path in maven_central) == 1


def test_another_archive_is_refused(maven_central: list[str], archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(IntegrityError, match="expected"):
        install(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["elasticsearch.lock"]


def test_no_network_names_the_alternative(maven_central: list[str], archive: Path, tmp_path: Path) -> None:
    archive.unlink()
    with pytest.raises(PlatformError, match="cannot be downloaded") as caught:
        install(tmp_path / "cache")
    assert "ELASTICSEARCH_URL" in caught.value.next_step


def test_a_small_disk_is_named_before_the_download(
    maven_central: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_module, "ARCHIVE_BYTES", 10**18)
    with pytest.raises(PlatformError, match="MB free; installing Elasticsearch takes") as caught:
        install(tmp_path / "cache")
    assert "TWIN_CACHE" in caught.value.next_step
    assert maven_central == []


def test_an_archive_cut_off_leaves_nothing(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(PlatformError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "es")
    assert [path.name for path in tmp_path.iterdir()] == ["maven"]


def test_progress_is_said_every_few_percent() -> None:
    said: list[str] = []
    advance = percentages("loading", 1000, said.append, step_percent=25)
    for _ in range(1000):
        advance(1)
    assert [line.split()[1] for line in said] == ["25", "50", "75", "100"]
