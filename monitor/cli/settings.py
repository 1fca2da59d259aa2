"""`sitwell config`: where the settings are and what they are."""

import json

import click

from monitor.cli.options import profile_option


@click.group()
def config() -> None:
    """Show where your settings and recordings are, and what applies."""


@config.command()
def path() -> None:
    """Print where your own profile.toml and your recordings live."""
    from monitor.places import profile_path, recordings_dir

    own = profile_path()
    click.echo(f"profile     {own}{'' if own.exists() else '  (not there: the defaults apply)'}")
    click.echo(f"recordings  {recordings_dir()}")


@config.command()
@profile_option
def show(profile_path: str | None) -> None:
    """Print every setting as it applies now, as JSON."""
    from dataclasses import asdict
    from pathlib import Path

    from monitor.config import load_cues, load_keeping, load_profile, profile_to_mapping

    named = Path(profile_path) if profile_path else None
    settings = profile_to_mapping(load_profile(named)) | {"cues": asdict(load_cues(named))}
    settings |= {"recordings": asdict(load_keeping(named))}
    click.echo(json.dumps(settings, indent=2))
