"""The library in programs of others (tests/consumer): installed and found by CMake or pkg-config, and as a
part of another CMake project."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
from support.process import ANCHOR_ARN, PROFILE_ARN, ROLE_ARN, environment, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_OF_ROLECALL", ROOT / "build"))
CONSUMER = ROOT / "tests" / "consumer"
# A compiler and ccache read more of the environment than the program does.
OURS = re.compile(r"CMAKE_|CXXFLAGS$|CPPFLAGS$|LDFLAGS$|PKG_CONFIG_|DESTDIR$|ROLECALL")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not OURS.match(name)}


def cache(build):
    """{name: value} of what CMake keeps."""
    text = (build / "CMakeCache.txt").read_text()
    return dict(re.findall(r"^([^#/][^:\n]*):[A-Z]+=(.*)$", text, re.MULTILINE))


OPTIONS = cache(BUILD) if (BUILD / "CMakeCache.txt").exists() else {}
COMPILER = OPTIONS.get("CMAKE_CXX_COMPILER", "c++")

pytestmark = [
    pytest.mark.skipif(not OPTIONS, reason=f"nothing can be installed from {BUILD}: set BUILD_OF_ROLECALL"),
    pytest.mark.skipif(bool(OPTIONS.get("ROLECALL_SANITIZE")),
                       reason="a library with sanitizers needs programs with the same sanitizers"),
]


def call(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, timeout=800,
                          stderr=subprocess.STDOUT, check=False, **{"env": ENVIRONMENT} | options)
    assert done.returncode == 0, f"$ {shlex.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def configure(build, *options):
    call("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={COMPILER}",
         "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options)


def compile_flags(build):
    """How the consumer's own file is compiled, apart from where headers are."""
    commands = json.loads((build / "compile_commands.json").read_text())
    command, = [entry["command"] for entry in commands if entry["file"] == str(CONSUMER / "main.cpp")]
    return [word for word in shlex.split(command) if not word.startswith(("-I", "-isystem", "/"))]


def assert_gets_credentials(program, identity, emulator, key=None, asked=0, **variables):
    """Those of two sessions, as the consumer prints them."""
    out = call(program, emulator.url, identity.certificate, key or identity.key, ANCHOR_ARN, PROFILE_ARN,
               ROLE_ARN, env=environment(variables))
    version, first, second, count = out.split()
    assert version == run("version").out.strip()
    assert re.fullmatch("ASIA[A-Z0-9]{16}", first) and re.fullmatch("ASIA[A-Z0-9]{16}", second), out
    assert first != second and int(count) == asked, out


@pytest.fixture(scope="module", name="prefix")
def installed_prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    call("cmake", "--install", BUILD, "--prefix", prefix, "--component", "development")
    return prefix


@pytest.fixture(scope="module", name="found")
def consumer_of_installed(tmp_path_factory, prefix):
    build = tmp_path_factory.mktemp("found")
    configure(build, f"-DCMAKE_PREFIX_PATH={prefix}")
    call("cmake", "--build", build)
    return build


def test_installed_with_cmake(found, prefix, identity, emulator):
    assert cache(found)["rolecall_DIR"].startswith(f"{prefix}/")
    assert_gets_credentials(found / "consumer", identity, emulator)


def test_a_password_is_asked_for_once(found, tmp_path, identity, emulator):
    key = tmp_path / "key.pem"
    call("openssl", "pkcs8", "-topk8", "-in", identity.key, "-out", key, "-passout", "pass:secret word")
    assert_gets_credentials(found / "consumer", identity, emulator, key, asked=1,
                            CONSUMER_PASSWORD="secret word")


def test_an_error_names_the_option_and_no_flag(found, identity, emulator):
    done = subprocess.run([found / "consumer", emulator.url, identity.certificate, identity.key, ANCHOR_ARN,
                           PROFILE_ARN, "oops"], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "about option: role-arn\n" in done.stderr, done.stderr
    assert "--" not in done.stderr


def test_another_minor_version_is_not_accepted(tmp_path, prefix):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(other LANGUAGES CXX)\n"
        "find_package(rolecall 0.0 QUIET)\nmessage(\"found: ${rolecall_FOUND}\")\n")
    out = call("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja",
               f"-DCMAKE_PREFIX_PATH={prefix}")
    assert "found: 0" in out.splitlines()


def test_installed_with_pkg_config(tmp_path, prefix, identity, emulator):
    file, = prefix.rglob("rolecall.pc")
    flags = call("pkg-config", "--static", "--cflags", "--libs", "rolecall",
                 env=ENVIRONMENT | {"PKG_CONFIG_PATH": str(file.parent)})
    program = tmp_path / "consumer"
    call(COMPILER, "-std=c++20", CONSUMER / "main.cpp", "-o", program, *shlex.split(flags))
    assert_gets_credentials(program, identity, emulator)


def test_installed_is_nothing_but_the_library(prefix):
    """In particular no path of the build, and no header that the public ones do not need."""
    files = {path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if path.is_file()}
    headers = {f"include/rolecall/{path.name}" for path in (ROOT / "include" / "rolecall").glob("*.h")}
    assert {name for name in files if name.endswith(".h")} == headers | {"include/rolecall/version.h"}
    assert {pathlib.Path(name).name for name in files if not name.endswith(".h")} == {
        "librolecall.a", "rolecall.pc", "rolecallConfig.cmake", "rolecallConfigVersion.cmake",
        "rolecallTargets.cmake", f"rolecallTargets-{OPTIONS['CMAKE_BUILD_TYPE'].lower() or 'noconfig'}.cmake"}
    for name in files:
        if not name.endswith(".a"):
            text = (prefix / name).read_text()
            assert str(BUILD) not in text and f"{ROOT}/" not in text, name


def test_each_header_compiles_by_itself(prefix):
    """Without warnings in programs that ask for more of them than we do."""
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wundef",
                "-Wold-style-cast", "-Werror"]
    for header in sorted((prefix / "include" / "rolecall").iterdir()):
        call(COMPILER, "-std=c++20", "-fsyntax-only", *warnings, "-I", prefix / "include",
             "-include", f"rolecall/{header.name}", "-x", "c++", "/dev/null")


def test_packages_leave_the_library_out(tmp_path):
    """They are of what is in no named component."""
    text = (BUILD / "CPackConfig.cmake").read_text()
    projects = re.search(r'^set\(CPACK_INSTALL_CMAKE_PROJECTS "(.*)"\)$', text, re.MULTILINE)[1].split(";")
    component = projects[2]
    assert len(projects) == 4 and component == "Unspecified"
    call("cmake", "--install", BUILD, "--prefix", tmp_path, "--component", component)
    assert (tmp_path / "bin" / "rolecall").is_file()
    assert not (tmp_path / "include").exists()
    left = [path for path in tmp_path.rglob("*") if path.suffix in (".a", ".h", ".cmake", ".pc")]
    assert left == []


@pytest.fixture(scope="module", name="inside")
def consumer_with_subproject(tmp_path_factory):
    """All targets that are built unless somebody asks for others."""
    build = tmp_path_factory.mktemp("inside")
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    configure(build, f"-DROLECALL_SOURCE={ROOT}", "-DROLECALL_WERROR=ON", *launcher)
    call("cmake", "--build", build, "--parallel", "2")
    return build


def test_subproject(inside, identity, emulator):
    assert_gets_credentials(inside / "consumer", identity, emulator)


def test_subproject_builds_the_program_only_if_asked(inside):
    made = {path.relative_to(inside).as_posix() for path in inside.rglob("*")
            if path.is_file() and "CMakeFiles" not in path.parts and os.access(path, os.X_OK)}
    assert made == {"consumer"}
    assert "Total Tests: 0" in call("ctest", "--test-dir", inside, "-N")
    assert not (inside / "CPackConfig.cmake").exists()
    # What is installed is for the parent to decide.
    assert call("cmake", "--install", inside, "--prefix", inside / "installed").count("nstalling") == 0
    configure(inside, "-DROLECALL_PROGRAM=ON")
    call("cmake", "--build", inside, "--parallel", "2")
    program, = (path for path in inside.rglob("rolecall") if path.is_file())
    assert call(program, "version") == call(os.environ.get("ROLECALL", program), "version")


def test_subproject_changes_nothing_of_its_parent(inside, found):
    assert compile_flags(inside) == compile_flags(found)
    of_inside, of_found = ({name: value.replace(str(build), "BUILD") for name, value in cache(build).items()
                            if name.startswith("CMAKE_")} for build in (inside, found))
    differ = {name for name in of_inside | of_found if of_inside.get(name) != of_found.get(name)}
    # Those that this file sets, and a count of folders.
    assert differ - {"CMAKE_PREFIX_PATH", "CMAKE_CXX_COMPILER_LAUNCHER", "CMAKE_NUMBER_OF_MAKEFILES"} == set()
    assert of_inside["CMAKE_BUILD_TYPE"] == "" and of_inside["CMAKE_PROJECT_VERSION"] == "2.3.4"
