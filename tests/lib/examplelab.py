# SPDX-License-Identifier: Apache-2.0
"""examplelab: copies of the projects in examples/, for suites that run them."""
import shutil
import subprocess
import sys

from firnlab import ROOT, TMP, same


def place(example, name, data=None):
    """A copy of an example, on other data if it is given."""
    folder = TMP / name
    shutil.copytree(ROOT / "examples" / example, folder,
                    ignore=shutil.ignore_patterns("lake", "__pycache__"))
    if data:
        shutil.rmtree(folder / "data")
        shutil.copytree(data, folder / "data")
        subprocess.run(["chmod", "-R", "u+w", str(folder / "data")], check=True)
    return folder


def generator_gives_the_files(example):
    """The generator of an example makes the files that lie there, byte for byte."""
    folder = place(example, "generator")
    before = {f.name: f.read_bytes() for f in (folder / "data").iterdir()}
    for f in (folder / "data").iterdir():
        f.unlink()
    subprocess.run([sys.executable, str(folder / "make_data.py")], check=True)
    same({f.name: f.read_bytes() for f in (folder / "data").iterdir()}, before)
