"""A clock that a program is made to believe (libfaketime); its timers stay as they are."""

from pathlib import Path

import pytest

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class SteerableClock:
    """Set it while the program runs, to "+10m", "-90s" and the like. Works for programs that are linked dynamically."""

    def __init__(self, directory: Path, offset="+0"):
        if not LIBRARIES:
            pytest.skip("libfaketime is not installed (Debian: faketime)")
        self.file = directory / "clock"
        self.set(offset)

    @property
    def wrapper(self):
        return ["/usr/bin/env", *(f"{name}={value}" for name, value in self.environment().items())]

    def environment(self):
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def set(self, offset):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(offset + "\n")
        fresh.replace(self.file)
