"""The first lines of each of the server's processes: puts its folders first on the path, then hands over."""

import sys
from pathlib import Path

if __name__ == "__main__":
    package = Path(__file__).resolve().parent
    packed = package / "_server"
    # The package's own parent follows, so that `contextline` is this one too.
    sys.path[:0] = [str(packed), str(package.parent)] if packed.is_dir() else [str(package.parent)]

    from interfaces.cli.main import main

    main()
