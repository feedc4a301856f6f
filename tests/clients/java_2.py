"""The AWS SDK for Java, version 2."""

from support.clients import INSTALLED, not_in_path, not_installed

TITLE = "AWS SDK for Java 2"
CANNOT = {}
HERE = INSTALLED / "java_2"


def missing():
    return not_in_path("java") or not_installed("java_2")


def command(lab, server):
    # A short life, in which the better compiler does not pay; no file in /tmp.
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData",
            f"-Duser.home={lab.directory}", "-cp", f"{HERE}:{HERE}/*", "Caller", server]
