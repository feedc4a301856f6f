"""Runs of `rolecall doctor`, and what they print."""

import json
import re
import subprocess

from support.process import run

IDS = ["inputs", "key", "certificate", "tags", "chain", "arns", "clock", "network", "session",
       "identity", "precedence", "static-keys", "services"]
NETWORK = {"clock", "network", "session", "identity", "services"}
LINE = re.compile(r"^(ok|warn|FAIL|skip) +([a-z-]+) +(\S.*)$", re.MULTILINE)

# `doctor` looks at all processes of the machine, and those of other tests are not meant: it runs with
# processes of its own. This takes root; other users see no more than the commands that run.
ALONE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode != 0:
    ALONE = []


class Report:
    """The checks of one binding, by their ids."""

    def __init__(self, checks):
        assert [check["id"] for check in checks] == IDS, checks
        for check in checks:
            assert sorted(check) == ["detail", "hint", "id", "status"], check
            assert check["status"] in ("ok", "warn", "fail", "skip"), check
            assert check["detail"], check
            # A hint is there if and only if there is something to do.
            assert bool(check["hint"]) == (check["status"] in ("warn", "fail")), check
        self.checks = {check["id"]: check for check in checks}

    def __getitem__(self, name):
        return self.checks[name]

    def with_status(self, status):
        return [name for name in IDS if self.checks[name]["status"] == status]


def doctor(*arguments, code=None, **options):
    """The result of a run with JSON, and its report, which has the right exit code and status."""
    options.setdefault("prefix", ALONE)
    result = run("doctor", "--format", "json", *arguments, **options)
    assert result.code in (0, 1), result
    document = json.loads(result.out)
    assert list(document) == ["status", "checks"], result
    report = Report(document["checks"])
    worst = ("fail" if report.with_status("fail") else
             "warn" if report.with_status("warn") else "ok")
    assert document["status"] == worst, result
    assert result.code == (1 if worst == "fail" else 0), result
    assert code is None or result.code == code, result
    return result, report


def assert_same_as_text(report, *arguments, **options):
    """The text has the same checks, in the same order, with the same words."""
    options.setdefault("prefix", ALONE)
    result = run("doctor", *arguments, **options)
    lines = LINE.findall(result.out)
    assert [name for _, name, _ in lines] == IDS, result
    for status, name, detail in lines:
        assert status == ("FAIL" if report[name]["status"] == "fail" else report[name]["status"])
        # Times and the processes of the machine differ from run to run, and a control character
        # is a space in the text.
        assert plain(detail) == plain(report[name]["detail"]), result
    assert "\x1b" not in result.out, result
    return result


def plain(text):
    text = re.sub(r"running: [^;]*|no serve or update is running", "PROCESSES", text)
    text = re.sub(r"\d+ ms|\d\d:\d\d:\d\dZ|\d+ s\b", "TIME", text)
    return re.sub(r"[\x00-\x1f]", " ", text)
