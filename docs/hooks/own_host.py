"""Fails the build where a page would load anything from another host."""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link(?=[^>]*stylesheet|[^>]*icon))\b[^>]*(?:src|href)="((?:https?:)?//[^"]+)"""
)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    if found := LOADED.findall(output):
        raise PluginError(f"{page.file.src_uri} loads {', '.join(sorted(set(found)))}: everything comes with the site")
    return output
