"""The `sitwell` command."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line; errors of ours are one sentence on stderr and exit code 1, usage errors exit with 2."""
    from monitor.cli import sitwell
    from monitor.errors import SitwellError

    try:
        sitwell(prog_name="sitwell")
    except SitwellError as error:
        if sys.stderr:  # a service of Windows has none
            sys.stderr.write(f"sitwell: {_with_line(error)}\n")
        sys.exit(1)


def _with_line(error: Exception) -> Exception:
    """A mistake in a file of settings tells its line."""
    from monitor.errors import ConfigError

    if not (isinstance(error, ConfigError) and error.path and Path(error.path).is_file()):
        return error
    from monitor.config.faults import explained

    return explained(Path(error.path), error)


if __name__ == "__main__":
    main()
