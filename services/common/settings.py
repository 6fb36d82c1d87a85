"""Guarantees settings that are complete, known by name and unchangeable, or a message that lists everything wrong.

Variables begin with LOTSE_ (or the prefix that a class sets), `__` parts nested fields. Any value may come from a
file: LOTSE_SERVER__KEY_FILE=/run/secrets/key fills `server.key` with the file's text without its last line break,
unless `server.key_file` is a field itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SET_UP_VARIABLES = frozenset({"LOTSE_CACHE", "LOTSE_WITH_ENCODER", "LOTSE_VENV", "LOTSE_MAVEN_URL", "LOTSE_JAVA_HOME"})
"""Belong to the set-up and to no service: they are neither settings nor mistakes."""
COMMAND_LINE_VARIABLES = frozenset({"LOTSE_NODE", "LOTSE_ADDRESS", "LOTSE_TOKEN_FILE"})
"""Belong to the `lotse` command: an operator's shell may have them when a service is started in it."""


class StartupError(Exception):
    """The process cannot start; `problems` names all reasons, one a line, for the person who started it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LotseSettings(BaseSettings):
    """Base of all settings: read from the environment, nested, frozen, unknown names refused, values never printed."""

    model_config = SettingsConfigDict(
        env_prefix="LOTSE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments first, then the environment; no .env file is ever read."""
        return init_settings, _Environment(settings_cls)

    @classmethod
    def load(cls) -> Self:
        """Read the settings; raises StartupError with a line for each variable that is wrong."""
        problems = _Environment(cls).unreadable
        try:
            settings = cls()
        except ValidationError as error:
            raise StartupError(*problems, *explain(error, cls)) from None
        if problems:
            raise StartupError(*problems)
        return settings


def explain(error: ValidationError, settings: type[BaseSettings]) -> list[str]:
    """Say what is wrong, one line a variable ("LOTSE_SERVER__ADDRESS: …"), without what was entered."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    lines = set()
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        variable = (prefix + "__".join(str(part) for part in problem["loc"])).upper()
        # pydantic speaks of fields and inputs; whoever reads this set variables.
        words = {"missing": "must be set", "extra_forbidden": "is no setting"}.get(problem["type"], problem["msg"])
        lines.add(f"{variable}: {words}")
    return sorted(lines)


class _Environment(EnvSettingsSource):
    """The environment, with files read in, and names that are no setting passed on so that they are refused."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        self.unreadable: list[str] = []
        super().__init__(settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = dict(super()._load_env_vars())
        for variable in [name for name in variables if name.endswith("_file") and self._is_ours(name)]:
            target = variable.removesuffix("_file")
            if not self._is_field(variable) and self._is_field(target):
                variables[target] = self._text_of(variable, variables.pop(variable) or "")
        return variables

    def _text_of(self, variable: str, path: str) -> str | None:
        try:
            return Path(path).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            self.unreadable.append(f"{variable.upper()}: the file cannot be read")
            return None

    def _is_ours(self, variable: str) -> bool:
        return variable.startswith(self.env_prefix.lower()) and variable.upper() not in (
            SET_UP_VARIABLES | COMMAND_LINE_VARIABLES
        )

    def _is_field(self, variable: str) -> bool:
        """Follow a variable's name through the nested models."""
        model: type[BaseModel] | None = self.settings_cls
        for part in variable.removeprefix(self.env_prefix.lower()).split("__"):
            if model is None or part not in model.model_fields:
                return False
            model = _model_in(model.model_fields[part].annotation)
        return True

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Leave what is no JSON as it is: the model then names it together with everything else that is wrong."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        for variable in filter(self._is_ours, self.env_vars):
            name = variable.removeprefix(self.env_prefix.lower())
            if name.split("__")[0] not in self.settings_cls.model_fields:
                found[name] = None
        return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the nested model in "Model" or "Model | None"."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
