"""Load one ccxt exchange without loading the other hundred.

`import ccxt` imports every exchange (seconds, and twice the memory). Here a package module of ours
stands under the name `ccxt` (and `ccxt.async_support`, `ccxt.pro`) before anybody imports it, and
imports a submodule when its name is first asked for. `import ccxt` elsewhere still works and gets
the same module; where somebody imported the real package first, that one is used.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

Kind = Literal["sync", "async", "pro"]
PACKAGES: dict[Kind, str] = {
    "sync": "ccxt",
    "async": "ccxt.async_support",
    "pro": "ccxt.pro",
}
TEXT_OF_VERSION = "__version__ = '"
_guard = threading.Lock()


class LazyPackage(ModuleType):
    """A package whose exchanges are imported by name. Everything else comes from ccxt.base."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for module in self._shared():
            if name in vars(module):
                return vars(module)[name]
        if name == "exchanges":
            return sorted(p.stem for p in Path(self.__path__[0]).glob("[a-z]*.py"))
        try:
            module = importlib.import_module(f"{self.__name__}.{name}")
        except ModuleNotFoundError as e:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from e
        return getattr(module, name, module)

    def __setattr__(self, name: str, value: Any) -> None:
        """The import system puts a submodule under its name; the exchange's class belongs there."""
        if isinstance(value, ModuleType) and isinstance(getattr(value, name, None), type):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def _shared(self) -> list[ModuleType]:
        places = ["ccxt.base.errors", "ccxt.base.precise", "ccxt.base.decimal_to_precision"]
        exchange = (
            "ccxt.base.exchange" if self.__name__ == "ccxt" else "ccxt.async_support.base.exchange"
        )
        return [importlib.import_module(place) for place in (exchange, *places)]


def exchange_class(ccxt_id: str, kind: Kind = "sync") -> type[Any]:
    """ccxt's class of one exchange. Raises LookupError for an id this ccxt does not have."""
    _install()
    name = f"{PACKAGES[kind]}.{ccxt_id}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as e:
        if e.name != name:
            raise
        raise LookupError(f"ccxt has no {ccxt_id} ({kind})") from e
    made = getattr(module, ccxt_id)
    return made if isinstance(made, type) else _class_in(made, ccxt_id)


def ccxt_errors() -> ModuleType:
    """ccxt's exception classes; loads no exchange."""
    _install()
    return importlib.import_module("ccxt.base.errors")


def _class_in(module: Any, name: str) -> type[Any]:
    found: type[Any] = getattr(module, name)
    return found


def _install() -> None:
    if "ccxt" in sys.modules:
        return
    with _guard:
        if "ccxt" in sys.modules:
            return
        spec = importlib.util.find_spec("ccxt")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("ccxt is not installed", name="ccxt")
        root = Path(spec.origin).parent
        version = _version(root)
        packages = {name: _package(name, root, version) for name in PACKAGES.values()}
        for name in ("ccxt.pro", "ccxt.async_support"):
            ModuleType.__setattr__(packages["ccxt"], name.rpartition(".")[2], packages[name])
        for name in reversed(packages):  # `ccxt` last: whoever sees it sees all three
            sys.modules[name] = packages[name]


def _package(name: str, root: Path, version: str) -> LazyPackage:
    folder = root.joinpath(*name.split(".")[1:])
    module = LazyPackage(name)
    spec = ModuleSpec(name, None, origin=str(folder / "__init__.py"), is_package=True)
    spec.submodule_search_locations = [str(folder)]
    for key, value in {
        "__path__": [str(folder)],
        "__spec__": spec,
        "__file__": str(folder / "__init__.py"),
        "__package__": name,
        "__version__": version,
    }.items():
        ModuleType.__setattr__(module, key, value)
    return module


def _version(root: Path) -> str:
    for line in (root / "__init__.py").read_text().splitlines():
        if line.startswith(TEXT_OF_VERSION):
            return line.removeprefix(TEXT_OF_VERSION).rstrip("'")
    return ""
