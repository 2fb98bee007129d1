"""The zips: small enough for Lambda, and whole: each handler starts from its bundle alone.

These ask the package registry, the first time only.
"""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.bundles.code import PACKAGES, build, source_files, source_hash
from stacks.bundles.libraries import LAMBDA, Target, install, libraries_hash, lock_of
from stacks.handlers import Bundle, HandlerSpec, handler_specs
from stacks.settings import Settings

LAMBDA_LIMIT_BYTES = 250 * 1024 * 1024
HOST = Target(
    f"{platform.machine()}-manylinux_2_28", f"{sys.version_info.major}.{sys.version_info.minor}"
)

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="the bundle is installed for this machine and started on it"
)


@pytest.mark.parametrize("bundle", Bundle)
def test_a_bundle_fits_into_a_function(bundle: Bundle, tmp_path: Path) -> None:
    build(bundle, tmp_path, LAMBDA)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert size < LAMBDA_LIMIT_BYTES


@pytest.mark.parametrize("bundle", Bundle)
def test_a_bundle_is_built_for_the_functions_machine_and_trimmed(bundle: Bundle) -> None:
    libraries = install(bundle, LAMBDA)
    binaries = [path.name for path in libraries.rglob("*.so") if "cpython" in path.name]
    assert binaries
    assert all("cpython-314-aarch64" in name for name in binaries)
    assert not list(libraries.rglob("*.pyc"))
    assert not list(libraries.rglob("RECORD"))
    assert list(libraries.rglob("LICENSE*"))  # what we pass on keeps its licences


@pytest.mark.parametrize("bundle", Bundle)
def test_every_library_is_pinned_with_hashes(bundle: Bundle) -> None:
    for block in lock_of(bundle).read_text().replace("\\\n", " ").splitlines():
        assert "==" in block, block
        assert "--hash=sha256:" in block, block


def test_what_a_bundle_is_called_depends_on_what_goes_in() -> None:
    names = {libraries_hash(bundle, target) for bundle in Bundle for target in (LAMBDA, HOST)}
    assert len(names) == 6
    assert source_hash() == source_hash()


def test_sources_are_code_and_data_and_nothing_else() -> None:
    packages = {path.parts[0] for path in source_files()}
    assert packages == {"lambdas", "shared"}
    assert not [path for path in source_files() if "__pycache__" in path.parts]
    assert Path("shared/catalog/aws_prices.json") in set(source_files())


def test_no_data_file_is_forgotten(project: Path) -> None:
    """A new kind of file must be named in `SUFFIXES`, or no function ever sees it."""
    left_out = {
        path.relative_to(project)
        for package in PACKAGES
        for path in (project / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } - set(source_files())
    # the scenarios are the command line's: no function estimates a month
    meant = {"py.typed", "scenarios.yaml"}
    assert {path.name for path in left_out if path.suffix != ".md"} <= meant


@pytest.fixture(scope="session")
def host_bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[Bundle, Path]:
    """The same pins, installed for this machine."""
    folders = {}
    for bundle in Bundle:
        folders[bundle] = tmp_path_factory.mktemp(bundle)
        build(bundle, folders[bundle], HOST)
    return folders


@on_linux
@pytest.mark.parametrize("spec", handler_specs(Settings()), ids=lambda spec: spec.name)
def test_a_handler_starts_from_its_bundle_alone(
    host_bundles: dict[Bundle, Path], spec: HandlerSpec, project: Path
) -> None:
    """A clean interpreter, no site-packages: what is missing here would be missing on Lambda."""
    assert (project / "lambdas" / f"{spec.name}.py").is_file()
    module, function = spec.entry.rsplit(".", 1)
    program = (
        f"import sys; sys.path.insert(0, {str(host_bundles[spec.bundle])!r}); "
        f"from {module} import {function}; assert callable({function})"
    )
    environment = {"AWS_DEFAULT_REGION": "eu-central-1", "POWERTOOLS_SERVICE_NAME": "dropreel"}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
