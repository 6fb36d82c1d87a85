"""Owns the way from contracts to code: builds stubs, lints the contracts, and refuses breaking changes.

    python proto/generate.py            write proto/gen anew
    python proto/generate.py --check    fail when proto/gen, lint or the baseline disagree with the contracts
    python proto/generate.py --release  also take today's contracts as the baseline for breaking checks

No schema registry is asked: the validation rules' descriptor comes out of the installed protovalidate wheel
(libraries.md §0.2), Google's types out of googleapis-common-protos.
"""

import argparse
import filecmp
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
GENERATED = ROOT / "gen"
BASELINE = ROOT / "baseline.binpb"
SITE_PACKAGES = Path(sysconfig.get_paths()["purelib"])


def main() -> int:
    """Parse the command line and run; the exit code says whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--release", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "gen"
        image = Path(folder) / "image.binpb"
        build(fresh, image)
        problems = lint(image) + breaking(image)
        if options.check:
            problems += stale(fresh)
        else:
            replace(fresh)
        if options.release:
            BASELINE.write_bytes(image.read_bytes())
    print("\n".join(problems) if problems else "contracts: stubs current, lint clean, nothing breaking")
    return 1 if problems else 0


def sources() -> list[str]:
    """All contracts, relative to the proto root, sorted so that the output is stable."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "lotse").rglob("*.proto"))


def validation_descriptors(target: Path) -> None:
    """Write the descriptor set of buf/validate/validate.proto with the files that it imports."""
    from protovalidate._gen.buf.validate import validate_pb

    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().MergeFromString(validate_pb.desc().proto.to_binary())
    target.write_bytes(files.SerializeToString())


def build(target: Path, image: Path) -> None:
    """Generate stubs for all contracts into `target`, and one image with comments for lint and breaking checks."""
    target.mkdir(parents=True)
    rules = target.parent / "validate.binpb"
    validation_descriptors(rules)
    google = SITE_PACKAGES / "grpc_tools" / "_proto"
    include = [f"--descriptor_set_in={rules}", f"-I{ROOT}", f"-I{SITE_PACKAGES}", f"-I{google}"]
    code = [f"--{plugin}_out={target}" for plugin in ("python", "mypy", "grpc_python", "mypy_grpc")]
    # Named whole, because nobody promises that the environment is on the PATH.
    code += [f"--plugin=protoc-gen-{name}={program(f'protoc-gen-{name}')}" for name in ("mypy", "mypy_grpc")]
    run_protoc([*include, *code, "buf/validate/validate.proto", *sources()])
    run_protoc([*include, f"--descriptor_set_out={image}", "--include_imports", "--include_source_info", *sources()])
    drop_empty_stubs(target)


def drop_empty_stubs(target: Path) -> None:
    """Remove the *_pb2_grpc files of contracts without a service: they hold nothing but a version check."""
    for stub in target.rglob("*_pb2_grpc.py*"):
        if not stub.name.startswith(f"{stub.parent.parent.name}_service"):
            stub.unlink()


def program(name: str) -> Path:
    """Give a program of this environment."""
    return Path(sys.executable).with_name(name)


def run_protoc(arguments: list[str]) -> None:
    """Run protoc in this process; its own messages go to stderr."""
    if protoc.main(["protoc", *arguments]) != 0:
        message = f"protoc failed: {' '.join(arguments)}"
        raise SystemExit(message)


def lint(image: Path) -> list[str]:
    """Lint our packages of the image with the rules in buf.yaml."""
    return buf("lint", str(image), *ours(), "--config", str(ROOT.parent / "buf.yaml"))


def breaking(image: Path) -> list[str]:
    """Compare with the contracts of the last release; without a release nothing can break."""
    if not BASELINE.exists():
        return []
    return buf("breaking", str(image), "--against", str(BASELINE), *ours(), "--config", str(ROOT.parent / "buf.yaml"))


def ours() -> list[str]:
    """Options that limit buf to our own files."""
    return [option for source in sources() for option in ("--path", source)]


def buf(*arguments: str) -> list[str]:
    """Run buf from this environment and return its complaints."""
    done = subprocess.run([program("buf"), *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - own program
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines if done.returncode else []


def stale(fresh: Path) -> list[str]:
    """Name each generated file that differs from what the contracts give."""
    names = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    present = {
        path.relative_to(GENERATED)
        for path in GENERATED.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    changed = {name for name in names & present if not filecmp.cmp(fresh / name, GENERATED / name, shallow=False)}
    return [f"{name}: not current, run `make proto`" for name in sorted(map(str, changed | (names ^ present)))]


def replace(fresh: Path) -> None:
    """Put the new stubs in the place of the old ones."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    shutil.copytree(fresh, GENERATED)


if __name__ == "__main__":
    sys.exit(main())
