"""The documentation site: `python -m sphinx -W -b html docs build/site`. It needs no network, its pages neither."""

from __future__ import annotations

import kapell

project = "Kapell"
version = release = kapell.__version__
author = "the Kapell authors"
project_copyright = "the Kapell authors, Apache License 2.0"
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["reference/workflow.schema.json"]
suppress_warnings = ["toc.empty_glob"]  # a folder's toctree ends with all the pages that it does not name

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

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
