"""The documentation site: `python -m sphinx -W -b html docs build/site`. It needs no network, its pages neither."""

from __future__ import annotations

import kapell

project = "Kapell"
version = release = kapell.__version__
author = "the Kapell authors"
project_copyright = "the Kapell authors, Apache License 2.0"
language = "en"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["reference/workflow.schema.json"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = f"Kapell {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "tango"
pygments_dark_style = "monokai"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c8a", "color-brand-content": "#0b5c8a"},
    "dark_css_variables": {"color-brand-primary": "#6cc3f5", "color-brand-content": "#6cc3f5"},
}
