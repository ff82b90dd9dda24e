"""File systems that become full."""

import contextlib
import pathlib
import subprocess
import tempfile

from rig import Skipped


@contextlib.contextmanager
def small_disk():
    """Makes a file system of 2 MiB and returns its folder."""
    with tempfile.TemporaryDirectory(prefix="scorm-gateway-full.") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder],
                                 capture_output=True, check=False)
        if mounted.returncode:
            raise Skipped("this machine does not let us mount a tmpfs")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill_up(folder):
    """Fills all free space and returns the file that uses it."""
    filler = pathlib.Path(folder) / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler
