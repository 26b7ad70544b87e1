"""The layout of printed pages: from glyphs at places to paragraphs, headings, lists and tables in reading order."""
