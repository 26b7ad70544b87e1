"""Content as printed pages, set by Typst."""
