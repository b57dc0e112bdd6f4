"""A process that is an Elasticsearch node: the Java runtime is loaded into it, so the machine needs no Java.

    python -m flows.platform.elasticsearch_node --distribution DIR --data DIR --port 9200 --heap 512m

Elasticsearch's own launcher wants a full JDK and refuses root. Started from its classes the node does the same work
with the small runtime that comes along with the archive.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

CLUSTER, NODE = "twin", "node-1"
CLOSE_TIMEOUT_S = 10
LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m%consoleException%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""
EXIT_NO_RUNTIME = 3


def main(arguments: list[str] | None = None) -> None:
    """Run the node until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="elasticsearch_node", description="Run one Elasticsearch node.")
    parser.add_argument("--distribution", type=Path, required=True, help="the unpacked distribution")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder for indices, configuration and temporary files"
    )
    parser.add_argument("--port", type=int, required=True, help="HTTP port on the loopback interface")
    parser.add_argument("--heap", default="512m", help="Java heap, for example 512m or 2g")
    options = parser.parse_args(arguments)
    distribution, data = options.distribution.absolute(), options.data.absolute()
    configuration = _lay_out(data)
    _start_java(distribution, data, options.heap, configuration)
    node = _start_node(distribution, data, options.port, configuration)
    _serve_until_signalled(node)


def java_arguments(distribution: Path, data: Path, heap: str) -> list[str]:
    """Java's options: Elasticsearch's own, less those that need its launcher or Java modules."""
    return [
        f"-Xms{heap}",
        f"-Xmx{heap}",
        "-Xss1m",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={data}/logs/hs_err_pid%p.log",
        "-Djava.awt.headless=true",
        "-Djava.locale.providers=CLDR",
        f"-Djava.io.tmpdir={data}/tmp",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        f"-Des.path.home={distribution}",
        "-Des.distribution.type=tar",
        "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
        "-Dorg.apache.lucene.store.defaultReadAdvice=normal",
        "-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion=25",
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
    ]


def node_settings(distribution: Path, data: Path, port: int) -> dict[str, str]:
    """The node's settings: alone, on the loopback interface, without users."""
    return {
        "path.home": str(distribution),
        "path.data": f"{data}/data",
        "path.logs": f"{data}/logs",
        "cluster.name": CLUSTER,
        "node.name": NODE,
        "network.host": "127.0.0.1",
        "http.port": str(port),
        "transport.port": "0",
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        # Percentages of a laptop's disk say little; what is too full is told by `twin doctor`.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }


def _lay_out(data: Path) -> Path:
    for name in ("conf", "tmp", "data", "logs"):
        (data / name).mkdir(parents=True, exist_ok=True)
    configuration = data / "conf"
    (configuration / "log4j2.properties").write_text(LOGGING, "utf-8")
    return configuration


def _start_java(distribution: Path, data: Path, heap: str, configuration: Path) -> None:
    import jpype  # type: ignore[import-untyped]

    library = next(distribution.glob("jre/*/lib/server/libjvm.so"), None)
    if library is None:
        sys.stderr.write(f"{distribution} holds no Java runtime: delete the folder and run `twin up` again\n")
        raise SystemExit(EXIT_NO_RUNTIME)
    os.environ["ES_PATH_CONF"] = str(configuration)
    jars = sorted(str(jar) for jar in (distribution / "lib").glob("*.jar"))
    jpype.startJVM(str(library), *java_arguments(distribution, data, heap), classpath=jars, convertStrings=False)


def _start_node(distribution: Path, data: Path, port: int, configuration: Path) -> Any:
    """What Elasticsearch's own bootstrap does, less what guards a server on a network."""
    from jpype import JClass

    builder = JClass("org.elasticsearch.common.settings.Settings").builder()
    for name, value in node_settings(distribution, data, port).items():
        builder.put(name, value)
    environment = JClass("org.elasticsearch.env.Environment")(
        builder.build(), JClass("java.nio.file.Path").of(str(configuration))
    )
    logging = JClass("org.elasticsearch.common.logging.LogConfigurator")
    logging.registerErrorListener()
    logging.setClusterName(CLUSTER)
    logging.setNodeName(NODE)
    logging.configure(environment, True)
    JClass("org.elasticsearch.bootstrap.BootstrapInfo").init()
    plugins = JClass("org.elasticsearch.plugins.PluginsLoader")
    loader = plugins.createPluginsLoader(
        plugins.loadModulesBundles(environment.modulesDir(), False),
        plugins.loadPluginsBundles(environment.pluginsDir(), False),
        JClass("java.util.HashMap")(),
        False,  # no Java modules
    )
    node = JClass("org.elasticsearch.node.Node")(environment, loader)
    node.start()
    return node


def _serve_until_signalled(node: Any) -> None:
    from jpype import JClass

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # after Java has started, which sets handlers of its own
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.5):  # a bounded wait lets Python run the handlers
        pass
    node.prepareForClose()
    node.close()
    node.awaitClose(CLOSE_TIMEOUT_S, JClass("java.util.concurrent.TimeUnit").SECONDS)
    sys.stdout.flush()
    os._exit(0)  # Java's own threads would hold the process


if __name__ == "__main__":
    main()
