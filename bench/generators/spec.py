"""From the text given to ``-g`` to a generator: names, options, and addresses of your own classes."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_type_hints, runtime_checkable

from kinema.errors import ConfigError, KinemaError
from kinema.files import hash_of
from kinema.registry import Registry

if TYPE_CHECKING:
    from kinema.scenes.clip import Clip
    from kinema.scenes.request import Request
    from kinema.scenes.truth import Truth

__all__ = ["GENERATORS", "Control", "Generator", "Spec", "generator", "import_attribute", "is_control", "parse"]


@runtime_checkable
class Generator(Protocol):
    """Anything that turns a request into a clip. A ``version`` attribute (text) is recorded where there is one."""

    def generate(self, request: Request) -> Clip:
        """Make the clip; of its own size, rate and length."""


@runtime_checkable
class Control(Protocol):
    """A generator made from the truth; its class says ``needs_truth = True``."""

    needs_truth: bool

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Show the truth, with one known fault."""


GENERATORS: Registry[Callable[..., Any]] = Registry("generator")
T = TypeVar("T", bound=type)


def generator(name: str, *, version: int = 1) -> Callable[[T], T]:
    """Class decorator that registers a generator; its keyword arguments become options."""

    def register(cls: T) -> T:
        GENERATORS.add(name, cls, home=os.path.realpath(inspect.getfile(cls)), version=version)
        return cls

    return register


def is_control(thing: Any) -> bool:
    """Whether a generator, or its class, is given the truth."""
    return bool(getattr(thing, "needs_truth", False))


@dataclass(frozen=True)
class Spec:
    """A generator by its text: ``late_sound:ms=120``, ``my_module:MyModel``. Small enough to send to a worker."""

    text: str
    name: str = ""  # of a registered generator
    address: str = ""  # module:attr, where there is no name
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def target(self) -> Any:
        """The registered class, or what the address points at."""
        return GENERATORS[self.name].load() if self.name else import_attribute(self.address)

    def build(self) -> Any:
        """The generator itself.

        Raises:
            ConfigError: the object has no ``generate``.
        """
        target = self.target
        made = target(**dict(self.options)) if isinstance(target, type) or self.options else target
        if not hasattr(made, "generate") and callable(made):
            made = made()  # a function that makes the generator
        if not callable(getattr(made, "generate", None)):
            raise ConfigError(f"{self.text!r} is no generator: it has no method generate(request)")
        return made

    def version_of(self, made: Any) -> str:
        """What the record holds beside the name: the object's own version, else a hash of its source."""
        own = getattr(made, "version", None)
        if own is not None:
            return str(own)
        if self.name:
            return hash_of([self.name, GENERATORS[self.name].version, dict(self.options)], 12)
        return hash_of(_source_of(made), 12)


def parse(text: str) -> Spec:
    """Read the text of ``-g``. Registered names win over addresses.

    Raises:
        ConfigError: an option is unknown or of the wrong type.
        UnknownName: there is no such generator.

    Example:
        >>> parse("late_sound:ms=120").options
        (('ms', 120.0),)
    """
    name, _, rest = text.partition(":")
    if name in GENERATORS:
        return Spec(text, name=name, options=_options(text, rest, GENERATORS[name].load()))
    if ":" in text and rest and "=" not in rest.split(":")[0]:
        attr, _, tail = rest.partition(":")
        spec = Spec(text, address=f"{name}:{attr}")
        return Spec(text, address=spec.address, options=_options(text, tail, spec.target))
    GENERATORS[name]  # says what was meant
    raise AssertionError(name)


def _options(text: str, given: str, target: Any) -> tuple[tuple[str, Any], ...]:
    if not given:
        return ()
    known = _parameters(target)
    options: dict[str, Any] = {}
    for part in given.split(","):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or key in options:
            raise ConfigError(f"{text!r}: options are written k=v,k=v, each once; {part!r} is not")
        if key not in known:
            near = difflib.get_close_matches(key, known, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(known) or 'none'}"
            raise ConfigError(f"{text!r}: unknown option {key!r}; {hint}")
        options[key] = _typed(text, key, value.strip(), known[key])
    return tuple(sorted(options.items()))


def _parameters(target: Any) -> dict[str, type]:
    """Option names of a class or factory, with their types where they are annotated."""
    if not callable(target):
        return {}
    hints = get_type_hints(getattr(target, "__init__", target) if isinstance(target, type) else target)
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    named = [p.name for p in inspect.signature(target).parameters.values() if p.kind not in kinds]
    return {name: hints.get(name, str) for name in named}


def _typed(text: str, key: str, value: str, kind: Any) -> Any:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    try:
        if kind is bool:
            return words[value.lower()]
        if kind is int:
            return int(value)
        if kind is float:
            number = float(value)
            if abs(number) < float("inf"):
                return number
            raise ValueError(value)
    except (KeyError, ValueError):
        wanted = {bool: "yes or no", int: "a whole number", float: "a number"}[kind]
        raise ConfigError(f"{text!r}: option {key} must be {wanted}, not {value!r}") from None
    return value


def import_attribute(address: str) -> Any:
    """What ``module:attr`` points at; the error says what was meant."""
    module, _, attr = address.partition(":")
    try:
        return getattr(importlib.import_module(module), attr)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise  # the module is there, what it imports is not: its traceback says more than we could
        known = ", ".join(GENERATORS)
        near = difflib.get_close_matches(module, list(GENERATORS), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Registered: {known}."
        raise KinemaError(f"no generator named {module!r}, and no module of that name to import. {hint}") from None
    except AttributeError:
        raise ConfigError(f"module {module!r} has no attribute {attr!r}") from None


def _source_of(made: Any) -> str:
    try:
        return inspect.getsource(made if inspect.isroutine(made) or isinstance(made, type) else type(made))
    except (OSError, TypeError):
        return repr(type(made))
