"""What the commands of a page print, and the files that they make, come from running them when the site is built.

`<!-- result -->` in the line below a block of sh or Python becomes what the block prints. A link to `made/NAME` is a
file that the blocks of the page made. So no result in these pages is of another version or model than the one at hand.

The blocks of a page run in its order, in a folder with `examples/`.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

BLOCK = re.compile(r"^```(sh|python)\n((?:(?!```).*\n)*)```\n+<!-- result -->$", re.MULTILINE)
MADE = re.compile(r"\]\(made/([\w./-]+)\)")
BEHOLDER = "import sys; from beholder.cli import main; main()"

_folder = TemporaryDirectory(prefix="beholder-docs-")
_printed: dict[str, list[str]] = {}  # page -> what its blocks print, in order


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Run the blocks of all pages, and add the files that the pages link to."""
    work = Path(_folder.name)
    _prepare(work, Path(config.docs_dir).parent)
    pages = {file.src_uri: file.content_string for file in files.documentation_pages()}
    new = {page: text for page, text in pages.items() if BLOCK.search(text) and page not in _printed}
    with ThreadPoolExecutor(2) as pool:
        _printed.update(zip(new, pool.map(lambda page: _run_blocks(page, new[page], work), new), strict=True))
    for page, text in pages.items():
        for name in dict.fromkeys(MADE.findall(text)):
            if not (work / name).is_file():
                raise PluginError(f"{page}: its commands make no {name}")
            path = Path(page).parent / "made" / name
            files.append(File.generated(config, path.as_posix(), abs_src_path=str(work / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    printed = iter(_printed.get(page.file.src_uri, ()))
    return BLOCK.sub(
        lambda block: f"```{block[1]}\n{block[2]}```\n\n``` {{.text .printed}}\n{next(printed)}\n```", markdown
    )


def _prepare(work: Path, repository: Path) -> None:
    if (work / "examples").exists():
        return  # a second build of `mkdocs serve`
    (work / "examples").symlink_to(repository / "examples")
    (work / "bin").mkdir()
    command = work / "bin" / "beholder"  # of this interpreter, and of this checkout where it comes first
    command.write_text(f"#!{sys.executable}\n{BEHOLDER}\n")
    command.chmod(0o755)


def _run_blocks(page: str, text: str, work: Path) -> list[str]:
    return [_run(language, block, work, page) for language, block in BLOCK.findall(text)]


def _run(language: str, block: str, work: Path, page: str) -> str:
    words = ["sh", "-e", "-c", block] if language == "sh" else [sys.executable, "-c", block]
    path = f"{work / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=work,
        env={**os.environ, "PATH": path, "COLUMNS": "110", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PluginError(f"{page}: exit status {done.returncode} of\n{block}{done.stdout}{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())
