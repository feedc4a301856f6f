"""scripts/check-includes sees each breach of the rules, where it is, and nothing else."""
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "check-includes"

# Of everything that is allowed, something.
CLEAN = {
    "include/rolecall/session.h": '#include <string>\n#include "rolecall/error.h"\n',
    "src/base/codec.cpp": '#include "base/codec.h"\n#include <openssl/evp.h>\n',
    "src/http/curl.h": '#include <curl/curl.h>\n#include "base/library.h"\n',
    "src/http/microhttpd.h": "#include <microhttpd.h>\n",
    "src/identity/identity.cpp": '#include "identity/hardware/hardware.h"\n',
    "src/identity/hardware/p11_kit.h": '#include <p11-kit/p11-kit.h>\n#include "identity/pem.h"\n',
    "src/aws/session.cpp": '#include "identity/pem.h"\n#include "rolecall/session.h"\n',
    "src/serve/imds.cpp": '#include "aws/create_session.h"\n#include "identity/hardware/hardware.h"\n',
    "src/emulate/trust.cpp": '#include "http/message.h"\n'
                             '// #include "aws/sigv4.h" and getenv in a comment\n'
                             'const char* text = "getenv"; int environment = 1\'000;\n',
    "src/commands/run.cpp": '#include "emulate/x.h"\n#include "serve/x.h"\n#include "options/x.h"\n'
                           'auto home = std::getenv("HOME");\n',
    "src/main.cpp": '#include "commands/run.h"\n',
    "src/cache/cache.cpp": "using std::chrono::seconds;\nconstexpr seconds lifetime{1};\n",
}

BREACHES = [  # file, a line of it that must be reported, a part of the report
    ("src/base/x.cpp", '#include "http/client.h"', "base must not include http/client.h"),
    ("src/base/x.cpp", "#include <http/client.h>", "base must not include http/client.h"),
    ("src/http/x.h", '#include "identity/pem.h"', "http must not include identity/pem.h"),
    ("src/http/x.h", '#include "aws/arn.h"', "http must not include aws/arn.h"),
    ("src/identity/x.h", '#include "aws/arn.h"', "identity must not include aws/arn.h"),
    ("src/aws/x.h", '#include "emulate/x.h"', "aws must not include emulate/x.h"),
    ("src/aws/x.h", '#include "serve/x.h"', "aws must not include serve/x.h"),
    ("src/aws/x.h", '#include "options/x.h"', "aws must not include options/x.h"),
    ("src/aws/x.h", '#include "cache/x.h"', "aws must not include cache/x.h"),
    ("src/serve/x.h", '#include "terminal/x.h"', "serve must not include terminal/x.h"),
    ("src/options/x.h", '#include "commands/x.h"', "options must not include commands/x.h"),
    ("src/terminal/x.h", '#include "options/x.h"', "terminal must not include options/x.h"),
    ("src/identity/x.h", '#include "identity/hardware/pkcs11.h"', "identity must include "
     "identity/hardware/hardware.h instead of identity/hardware/pkcs11.h"),
    ("src/serve/x.h", '#include "identity/hardware/tpm.h"', "instead of identity/hardware/tpm.h"),
    ("src/http/x.h", '#include "identity/hardware/hardware.h"', "http must not include"),
    ("src/serve/x.h", '#include "emulate/x.h"', "serve must not include emulate/x.h"),
    ("src/emulate/x.h", '#include "serve/x.h"', "emulate must not include serve/x.h"),
    ("src/emulate/x.h", '#  include "aws/arn.h"', "emulate must not include aws/arn.h"),
    ("src/emulate/x.h", '#include "identity/x.h"', "emulate must not include identity/x.h"),
    ("src/aws/x.cpp", '#include "x.h"', "not of the form"),
    ("src/aws/x.cpp", '#include "../emulate/x.h"', "not of the form"),
    ("src/attic/x.cpp", "int x;", "knows no folder attic"),
    ("include/rolecall/x.h", '#include "base/codec.h"', "only the standard library"),
    ("include/rolecall/x.h", "#include <openssl/evp.h>", "only the standard library"),
    ("include/rolecall/x.h", "#include <unistd.h>", "only the standard library"),
    ("src/aws/x.cpp", "#include <curl/curl.h>", "curl/curl.h may be included only by src/http/"),
    ("src/http/client.cpp", "#include <curl/curl.h>", "curl/curl.h may be included only by"),
    ("src/emulate/x.cpp", "#include <microhttpd.h>", "only by src/http/microhttpd.h"),
    ("src/identity/x.cpp", "#include <p11-kit/uri.h>", "only by src/identity/hardware/p11_kit.h"),
    ("src/main.cpp", '#include "options/x.h"', "main must not include options/x.h"),
    ("src/http/x.cpp", 'auto a = std::getenv("A");', "getenv may be used only in options"),
    ("src/http/x.cpp", 'auto a = R"(")" "/*"; auto b = secure_getenv("A");', "secure_getenv"),
    ("src/aws/x.cpp", "using std::chrono::seconds;  // seconds, std::chrono::seconds",
     "using std::chrono::seconds; is not used"),
    ("src/main.cpp", "char** all = environ;", "environ may be used only in options"),
]


def check(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True,
                          check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_a_clean_tree_passes(tmp_path):
    assert check(tmp_path, CLEAN) == (0, [])


@pytest.mark.parametrize("name,line,report", BREACHES)
def test_each_breach_is_reported(tmp_path, name, line, report):
    text = f'/* a comment\n   of two lines */\n#include <string>\n{line}\nint y;\n'
    code, lines = check(tmp_path, {**CLEAN, name: text})
    assert code == 1
    assert len(lines) == 1
    where = 1 if name.startswith("src/attic") else 4
    assert lines[0].startswith(f"{name}:{where}: ")
    assert report in lines[0]


def test_a_cycle_is_reported(tmp_path):
    code, lines = check(tmp_path, {**CLEAN,
                                   "src/base/a.h": '#include "base/b.h"\n',
                                   "src/base/b.h": "",
                                   "src/base/b.cpp": '#include "base/b.h"\n#include "base/c.h"\n',
                                   "src/base/c.h": '#include "base/a.h"\n'})
    assert code == 1
    assert lines == ["includes in a cycle: base/a → base/b → base/c → base/a"]


def test_an_empty_tree_is_no_success(tmp_path):
    assert check(tmp_path, {})[0] == 1
