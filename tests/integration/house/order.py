"""In which order the files of tests are begun."""


def longest_first(items, first):
    """xdist hands files to its workers in the order of their tests: what begins last should not last long. `first`: the names of the longest, the longest first."""
    names = [*first, *sorted({item.path.name for item in items} - set(first))]
    items.sort(key=lambda item: names.index(item.path.name))
