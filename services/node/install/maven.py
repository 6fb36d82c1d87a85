"""Fetches and resolves Maven artefacts, with jgo in Python or with the user's own mvn.

No registry is named here: jgo knows its default, LOTSE_MAVEN_URL names a mirror (then the only remote), and mvn has
its settings. Both fill the same local repository, which is ours and not ~/.m2: files found wrong are deleted there.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from services.node.install.messages import SetupError, download_failed
from services.node.install.opensearch_lock import LockedFile
from services.node.install.opensearch_parts import UNWANTED_ARTIFACTS

_TIMEOUT_SECONDS = 60


class MavenRepository:
    """A local Maven repository in FOLDER that fetches what it lacks. Safe to use from several threads."""

    def __init__(self, folder: Path, mirror: str | None) -> None:
        self._context = MavenContext(
            repo_cache=folder, timeout=_TIMEOUT_SECONDS, remote_repos={"mirror": mirror.rstrip("/")} if mirror else None
        )

    @staticmethod
    def from_environment(folder: Path) -> "MavenRepository":
        """With the mirror the user named in LOTSE_MAVEN_URL, if any."""
        return MavenRepository(folder, os.environ.get("LOTSE_MAVEN_URL") or None)

    def fetch(self, file: LockedFile) -> Path:
        """The path of FILE here, downloaded first if it is missing; its content is not checked.

        Raises OSError (network, disk) or RuntimeError (no remote has it).
        """
        component = self._context.project(file.group, file.artifact).at_version(file.version)
        return Path(component.artifact(classifier=file.classifier).resolve())

    def resolve(self, root: str) -> Iterator[tuple[Dependency, Path]]:
        """ROOT and everything it needs at run time, each with its downloaded file. Raises as `fetch` does."""
        inputs, transitive = self._context.resolver.resolve([self._context.create_dependency(root)])
        for dependency in [*inputs, *transitive]:
            wanted = dependency.scope in {None, "compile", "runtime"}
            if wanted and dependency.artifactId not in UNWANTED_ARTIFACTS:
                yield dependency, Path(dependency.artifact.resolve())


def fetch_with_mvn(files: Iterable[LockedFile], folder: Path) -> None:
    """Fill the repository FOLDER with FILES through the user's mvn, so that its mirrors and logins hold.

    Raises SetupError if mvn is missing or fails.
    """
    items = "".join(
        f"<artifactItem><groupId>{file.group}</groupId><artifactId>{file.artifact}</artifactId>"
        f"<version>{file.version}</version>"
        + (f"<classifier>{file.classifier}</classifier>" if file.classifier else "")
        + "</artifactItem>"
        for file in files
    )
    project = (
        "<project><modelVersion>4.0.0</modelVersion><groupId>lotse</groupId><artifactId>opensearch</artifactId>"
        "<version>1</version><packaging>pom</packaging><build><plugins><plugin>"
        "<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId>"
        f"<version>3.8.1</version><configuration><artifactItems>{items}</artifactItems></configuration>"
        "</plugin></plugins></build></project>"
    )
    with tempfile.TemporaryDirectory() as workplace:
        Path(workplace, "pom.xml").write_text(project)
        goal = ["dependency:copy", f"-DoutputDirectory={workplace}/jars"]
        command = ["mvn", "-q", "-B", "-f", workplace, f"-Dmaven.repo.local={folder}", *goal]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            raise SetupError("there is no mvn on the PATH; leave out --client mvn to do without it") from None
        except subprocess.CalledProcessError as error:
            raise SetupError(download_failed("OpenSearch with mvn", f"code {error.returncode}")) from None
