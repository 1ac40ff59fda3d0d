"""How the command line itself speaks: help, usage errors and version, in Danish.

What belongs here: the words that would otherwise be the library's English ones. What does not: a
command, what is wrong with what it was asked to do (that is an error of ``lib``).

The library's classes for faults of a command line are not among its public names; a test runs each
kind of fault, so that a new version of it cannot bring English back.

Rules: P.danish, P.commands.
Decides: P.danish.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer._click import exceptions as faults
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from dagster_project.lib.base.errors import EXIT_OK, EXIT_USAGE, UsageError

_NAME = "effekt"
_HELP = "Vis denne hjælp."
_OPTIONS, _SUBCOMMAND = "[TILVALG]", "KOMMANDO …"
# what the library adds to the help of an argument or option, and what is said instead
_ADDED = (
    ("[required]", "[skal angives]"),
    ("; required]", "; skal angives]"),
    ("default: ", "ellers "),
    ("env var: ", "eller variablen "),
)
_TYPE = re.compile(r" <\w+>")
_RANGE = re.compile(r"(\d+)<=x<=(\d+)")
_EXPECTED = {
    dt.datetime: "en dato, ÅÅÅÅ-MM-DD",
    int: "et helt tal",
    float: "et tal",
    bool: "true eller false",
}


class _Danish:
    """What groups and commands have in common: the page that ``--help`` shows."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """``--help``, explained in Danish."""
        found: TyperOption | None = super().get_help_option(ctx)  # type: ignore[misc]
        if found is not None:
            found.help = _HELP
        return found

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """The line that says how the command is called."""
        formatter.write_usage(ctx.command_path, _usage(self, ctx), prefix="Brug: ")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options, each with what it means."""
        told: dict[str, list[tuple[str, str]]] = {"Argumenter": [], "Tilvalg": []}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            record = param.get_help_record(ctx)
            if record is not None:
                is_argument = isinstance(param, TyperArgument)
                told["Argumenter" if is_argument else "Tilvalg"].append(_in_danish(record))
        for heading, records in told.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class DanishCommand(_Danish, TyperCommand):
    """A command whose help is Danish."""


class DanishGroup(_Danish, TyperGroup):
    """A family of commands whose help is Danish, and whose faults of usage are told in Danish."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Options, then the commands."""
        super().format_options(ctx, formatter)
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [
            (name, (command.help or "").partition("\n\n")[0])
            for name, command in found
            if command is not None and not command.hidden
        ]
        if rows:
            with formatter.section("Kommandoer"):
                formatter.write_dl(rows)

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None,
        complete_var: str | None = None, standalone_mode: bool = True,
        windows_expand_args: bool = True, **extra: Any,
    ) -> Any:  # fmt: skip
        """Run, and end as the library does, but for the words of a fault of usage."""
        if not standalone_mode:
            return super().main(
                args, prog_name, complete_var, standalone_mode=False,
                windows_expand_args=windows_expand_args, **extra,
            )  # fmt: skip
        try:
            code = super().main(
                args, prog_name, complete_var, standalone_mode=False,
                windows_expand_args=windows_expand_args, **extra,
            )  # fmt: skip
        except faults.NoArgsIsHelpError as shown:
            print(shown.format_message(), file=sys.stderr)
            sys.exit(EXIT_USAGE)
        except faults.ClickException as fault:
            print(told(fault), file=sys.stderr)
            sys.exit(fault.exit_code)
        except typer.Abort:
            print("Afbrudt.", file=sys.stderr)
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else EXIT_OK)


class Commands(typer.Typer):
    """A family of commands that speaks Danish."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            cls=DanishGroup, rich_markup_mode=None, subcommand_metavar=_SUBCOMMAND, **settings
        )

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **settings: Any
    ) -> Callable[[Any], Any]:
        """Register a command, of the class that speaks Danish where none is given."""
        return super().command(name, cls=cls or DanishCommand, **settings)


def told(fault: faults.ClickException) -> UsageError:
    """A fault of usage: what is wrong with which argument, and how the command is called.

    What was typed is not repeated, for a person number may be among it.
    """
    context = getattr(fault, "ctx", None)
    if context is None:
        return UsageError(_wrong(fault))
    usage = f"{context.command_path} {_usage(context.command, context)}"
    return UsageError(_wrong(fault), remedy=f"{usage} (mere: {context.command_path} --help)")


def _wrong(fault: faults.ClickException) -> str:
    name = _name_of(getattr(fault, "param", None))
    if isinstance(fault, faults.MissingParameter):
        return f"{name} mangler"
    if isinstance(fault, faults.BadParameter):
        return f"{name} skal være {_expected(getattr(fault, 'param', None))}"
    if isinstance(fault, faults.NoSuchOption):
        near = ", ".join(sorted(fault.possibilities or ()))
        return "ukendt tilvalg" + (f"; mente du {near}?" if near else "")
    if isinstance(fault, faults.BadOptionUsage):
        if "does not take" in fault.message:
            return f"{fault.option_name} tager ingen værdi"
        return f"{fault.option_name} skal have en værdi"
    if fault.message.startswith("No such command"):
        known = getattr(getattr(fault, "ctx", None), "command", None)
        return f"ukendt kommando; kendte er {', '.join(getattr(known, 'commands', ()))}"
    if fault.message.startswith("Missing command"):
        return "kommandoen mangler"
    return "der er for mange argumenter"


def _name_of(param: Any) -> str:
    if isinstance(param, TyperArgument):
        return str(param.metavar or param.name)
    return str(param.opts[-1]) if isinstance(param, TyperOption) else "en værdi"


def _expected(param: Any) -> str:
    """What a value must be, from the type that the command gives it."""
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if get_origin(kind) is Literal:
        return f"en af: {', '.join(map(str, get_args(kind)))}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"en af: {', '.join(str(choice.value) for choice in kind)}"
    said = _EXPECTED.get(kind, "en anden værdi") if isinstance(kind, type) else "en anden værdi"
    low, high = getattr(param, "min", None), getattr(param, "max", None)
    if low is not None and high is not None:
        return f"{said} mellem {low} og {high}"
    return said if low is None else f"{said} på mindst {low}"


def _usage(command: Any, context: Any) -> str:
    """The arguments of a command, as one types them."""
    pieces = [_OPTIONS]
    for param in command.get_params(context):
        if isinstance(param, TyperArgument) and not param.hidden:
            name = _name_of(param)
            pieces.append(name if param.required else f"[{name}]")
        elif isinstance(param, TyperOption) and param.required:
            pieces.append(f"{param.opts[-1]} {param.metavar or ''}".strip())
    if isinstance(command, TyperGroup):
        pieces.append(command.subcommand_metavar)
    return " ".join(pieces)


def _in_danish(record: tuple[str, str]) -> tuple[str, str]:
    name, text = _TYPE.sub("", record[0]), _RANGE.sub(r"fra \1 til \2", record[1])
    for english, danish in _ADDED:
        text = text.replace(english, danish)
    return name, text


def called_as() -> str:
    """How this program is called from here: by its name, or by the path it was called by."""
    called = Path(sys.argv[0])
    found = shutil.which(_NAME)
    if called.name != _NAME or (found and Path(found).resolve() == called.resolve()):
        return _NAME
    path = called.absolute()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def every_command(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command below a group, the group's own first."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)
