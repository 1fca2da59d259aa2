"""The `sitwell` command."""

import sys


def main() -> None:
    """Run the command line; errors of ours are one sentence on stderr and exit code 1, usage errors exit with 2."""
    from monitor.cli import sitwell
    from monitor.errors import SitwellError

    try:
        sitwell(prog_name="sitwell")
    except SitwellError as error:
        if sys.stderr:  # a service of Windows has none
            sys.stderr.write(f"sitwell: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
