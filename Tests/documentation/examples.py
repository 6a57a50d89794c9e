#!/usr/bin/env python3
"""Takes the blocks of Swift out of Markdown files, so that a compiler can look at them.

    examples.py FOLDER FILE...

writes FOLDER/blocks (statements, each in a function of its own), FOLDER/programs (files with a @main or an extension) and
FOLDER/manifests (a Package.swift each). What a block needs and no reader wants to see stands before it in a comment:

    <!-- given
    let team = "red"
    -->

The compiler names the lines of the Markdown file.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"(?:<!-- given\n(?P<given>.*?)^-->\n+)?^```swift\n(?P<code>.*?)^```$", re.M | re.S)
IMPORT = re.compile(r"^import .*\n", re.M)
MODULES = {"import Vernal\n", "import VernalHost\n"}


def located(code: str, file: pathlib.Path, line: int) -> str:
    return f'#sourceLocation(file: "{file}", line: {line})\n{code}#sourceLocation()\n'


def wrapped(name: str, given: str, code: str, file: pathlib.Path, line: int) -> str:
    imports = sorted(MODULES | set(IMPORT.findall(given + code)))
    given, code = IMPORT.sub("", given), IMPORT.sub("\n", code)
    return f"{''.join(imports)}\nfunc {name}() async throws {{\n{given}{located(code, file, line)}}}\n"


def extract(file: pathlib.Path, folder: pathlib.Path) -> int:
    text = file.read_text()
    count = 0
    for match in BLOCK.finditer(text):
        count += 1
        code, given = match["code"], match["given"] or ""
        line = text.count("\n", 0, match.start("code")) + 1
        name = re.sub(r"\W", "_", f"{file.parent.parent.name}_{file.stem}_{line}")
        if code.startswith("// swift-tools-version"):
            manifest = folder / "manifests" / name
            manifest.mkdir()
            (manifest / "Package.swift").write_text(code)
        elif re.search(r"^(@main|extension) ", code, re.M):
            (folder / "programs" / f"{name}.swift").write_text(located(given + code, file, line))
        else:
            (folder / "blocks" / f"{name}.swift").write_text(wrapped(name, given, code, file, line))
    if text.count("\n```swift\n") != count or text.count("<!-- given\n") > count:
        sys.exit(f"{file}: a block of Swift, or what is given for one, was overlooked")
    return count


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    for kind in ("blocks", "programs", "manifests"):
        (folder / kind).mkdir(parents=True)
    count = sum(extract(pathlib.Path(name).resolve(), folder) for name in sys.argv[2:])
    if count == 0:
        sys.exit("there is no block of Swift in any of the files")
    print(f"    {count} blocks of Swift")


main()
