"""Pages link to files beside docs/, as they do in the repository: those files come into the site, and links follow."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

FOLDER = "repository"  # of the site, for what is not in docs/
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#\s]+)(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    root = Path(config.docs_dir).parent
    wanted = {name: root / name for name in PAGES}
    for source in [*wanted.values(), *Path(config.docs_dir).rglob("*.md")]:
        for link in LINK.findall(source.read_text("utf-8")):
            path = (source.parent / link).resolve()
            if path.is_file() and path.is_relative_to(root) and not path.is_relative_to(config.docs_dir):
                wanted[path.relative_to(root).as_posix()] = path
    for name, path in wanted.items():
        if path.suffix != ".md" or name in PAGES:
            files.append(File.generated(config, f"{FOLDER}/{name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    here = posixpath.dirname(page.file.src_uri)
    outside = here == FOLDER  # written for the repository's root
    base = "" if outside else posixpath.join("docs", here)

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(base, link[1]))
        inside = target.startswith("docs/")
        if inside and not outside:
            return link[1]
        return posixpath.relpath(target.removeprefix("docs/") if inside else f"{FOLDER}/{target}", here or ".")

    return LINK.sub(moved, markdown)
