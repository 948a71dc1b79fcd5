"""What a person who starts Arbiter reads."""

import importlib
import importlib.util

from config.serving.preparing import Admin


def say(sentence: str) -> None:
    print(sentence, flush=True)


def admin(made: Admin | None) -> None:
    if made:
        say(f"An admin was made. This password is shown once:  {made.username}  {made.password}")


def things_to_try(url: str) -> None:
    say(f"\nArbiter answers on {url}\n")
    say(f"  Admin  {url}/admin/")
    say(f"  API    {url}/swagger\n")
    for title, command in _demo_commands(url):
        say(f"  # {title}\n  {command}\n")
    say("Ctrl-C stops it.")


def _demo_commands(url: str) -> list[tuple[str, str]]:
    """One command per dialect, from the demo; none where there is no demo."""
    if importlib.util.find_spec("decisions.demo") is None:
        say("  (There is no demo to try.)\n")
        return []
    commands: list[tuple[str, str]] = importlib.import_module("decisions.demo").things_to_try(url)
    return commands
