"""What can be wrong with a text, and how it is mended: looked for by checks, mended by cleaning."""
