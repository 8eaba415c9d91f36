"""
Where settings come from, which source wins, and how faults are told.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from plait_core.errors.plugins import InvalidSettings, SettingsFault, UnreadableSettings
from plait_core.plugins import Settings
from plait_core.plugins.structuring import Structuring


def write(folder: Path, text: str, name: str = "plait.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def faults(folder: Path, **options: Any) -> tuple[SettingsFault, ...]:
    with pytest.raises(InvalidSettings) as caught:
        Settings.discover(folder, **{"env": {}, **options})
    return caught.value.faults


def test_defaults_need_no_file(tmp_path: Path) -> None:
    """Everything is kept under the home folder, and attempts run inline."""
    settings = Settings.discover(tmp_path, env={"PLAIT_HOME": "/srv/plait"})

    assert settings == Settings(home="/srv/plait")
    assert settings.executors == ("inline",)
    assert settings.store == "sqlite:////srv/plait/plait.db"
    assert settings.blobs == "file:///srv/plait/blobs"


def test_home_is_in_the_users_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is that of the user."""
    monkeypatch.setenv("HOME", "/home/ada")

    assert Settings.discover(tmp_path, env={}).home == "/home/ada/.plait"


def test_later_sources_win(tmp_path: Path) -> None:
    """plait.toml, then [tool.plait], then variables, then flags; each key says where it came from."""
    write(tmp_path, "store = '1'\nblobs = '1'\nproject = '1'\ndomain = '1'\n")
    write(tmp_path, "[tool.plait]\nblobs = '2'\nproject = '2'\ndomain = '2'\n", "pyproject.toml")

    settings = Settings.discover(
        tmp_path, env={"PLAIT_PROJECT": "3", "PLAIT_DOMAIN": "3", "PATH": "x"}, overrides={"domain": "4"}
    )

    assert (settings.store, settings.blobs, settings.project, settings.domain) == ("1", "2", "3", "4")
    origins = {key: settings.origin(key) for key in ["store", "blobs", "project", "domain", "cache"]}
    assert origins == {
        "store": str(tmp_path / "plait.toml"),
        "blobs": f"{tmp_path / 'pyproject.toml'} [tool.plait]",
        "project": "PLAIT_PROJECT",
        "domain": "flag",
        "cache": "default",
    }


def test_nearest_folder_with_settings_is_the_only_one_read(tmp_path: Path) -> None:
    """A pyproject.toml without plait's table does not stop the search; files further up are not mixed in."""
    write(tmp_path, "store = 'outer'\n")
    write(tmp_path / "project", "project = 'inner'\n")
    start = write(tmp_path / "project/src/deep", "[project]\nname = 'x'\n", "pyproject.toml")

    settings = Settings.discover(start, env={"PLAIT_HOME": "/srv"})

    assert settings == Settings(home="/srv", project="inner")


def test_home_in_a_file_is_relative_to_the_file(tmp_path: Path) -> None:
    """Where a command is started does not move the records."""
    write(tmp_path, "home = 'records'\n[env.ci]\nhome = 'ci'\n")
    (tmp_path / "src").mkdir()

    assert Settings.discover(tmp_path / "src", env={}).home == str(tmp_path / "records")
    assert Settings.discover(tmp_path / "src", env={}, environment="ci").home == str(tmp_path / "ci")


def test_environment_overrides_the_rest_of_the_file(tmp_path: Path) -> None:
    """Tables merge key by key, lists are replaced, and variables still win."""
    write(
        tmp_path,
        """
        executors = ["inline", "docker"]
        store = "sqlite:///x"
        [plugins.k8s]
        namespace = "dev"
        context = "kind"
        [env.prod]
        executors = ["k8s"]
        store = "postgresql://db"
        [env.prod.plugins.k8s]
        namespace = "{project}"
        """,
    )

    settings = Settings.discover(tmp_path, env={"PLAIT_STORE": "memory://"}, environment="prod")

    assert (settings.environment, settings.executors, settings.store) == ("prod", ("k8s",), "memory://")
    assert settings.plugins == {"k8s": {"namespace": "{project}", "context": "kind"}}
    assert settings.origin("plugins.k8s.namespace") == f"{tmp_path / 'plait.toml'} [env.prod]"
    assert settings.origin("plugins.k8s.context") == str(tmp_path / "plait.toml")


@pytest.mark.parametrize(
    ("env", "environment", "expected"),
    [({}, None, "file"), ({"PLAIT_ENVIRONMENT": "var"}, None, "var"), ({"PLAIT_ENVIRONMENT": "var"}, "flag", "flag")],
)
def test_environment_is_chosen_like_any_setting(
    tmp_path: Path, env: dict[str, str], environment: str | None, expected: str
) -> None:
    """A flag wins over a variable, and a variable over the file."""
    tables = "".join(f"[env.{name}]\nproject = '{name}'\n" for name in ["file", "var", "flag"])
    write(tmp_path, f"environment = 'file'\n{tables}")

    settings = Settings.discover(tmp_path, env=env, environment=environment)

    assert (settings.environment, settings.project) == (expected, expected)


def test_variables_are_read_as_the_declared_type(tmp_path: Path) -> None:
    """Lists are comma-separated, tables are reached by two underscores."""
    env = {
        "PLAIT_EXECUTORS": "docker, inline",
        "PLAIT_MAX_PARALLELISM": "8",
        "PLAIT_STRICT": "yes",
        "PLAIT_PLUGINS__K8S__NAMESPACE": "here",
    }

    settings = Settings.discover(tmp_path, env=env)

    assert settings.executors == ("docker", "inline")
    assert settings.max_parallelism == 8
    assert settings.strict
    assert settings.plugins == {"k8s": {"namespace": "here"}}


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Each fault names the key, where it was set, and what to write instead."""
    write(tmp_path, "executers = ['inline']\nmax_parallelism = 'many'\norigins = {}\nstore = 1\n")
    file = str(tmp_path / "plait.toml")

    found = faults(tmp_path, env={"PLAIT_CACHE": "of", "PLAIT_EXECUTOR": "k8s"}, environment="prod")

    known = ", ".join(sorted(field.name for field in attrs.fields(Settings) if field.name != "origins"))
    assert found == (
        SettingsFault("executor", "PLAIT_EXECUTOR", "is not known; did you mean PLAIT_EXECUTORS?"),
        SettingsFault("environment", "flag", "the environment 'prod' is not known; known here: nothing"),
        SettingsFault("executers", file, "is not known; did you mean 'executors'?"),
        SettingsFault("max_parallelism", file, "should be a whole number, and is 'many'"),
        SettingsFault("origins", file, f"is not known; known here: {known}"),
        SettingsFault("store", file, "should be text, and is 1"),
        SettingsFault("cache", "PLAIT_CACHE", "should be one of on, off, overwrite, and is 'of'"),
    )


def test_other_variables_of_plait_are_left_alone(tmp_path: Path) -> None:
    """Only a variable that is nearly a setting is taken for one."""
    settings = Settings.discover(tmp_path, env={"PLAIT_RECORD": "1", "PLAIT_SECRET_DB": "x", "PLAIT_HOME": "/srv"})

    assert settings == Settings(home="/srv")


def test_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """The parser's words say which line."""
    write(tmp_path, "strict = true\nexecutors = nope\n")

    with pytest.raises(UnreadableSettings, match=r"plait\.toml cannot be read: .*line 2"):
        Settings.discover(tmp_path, env={})


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file that is there is never skipped; this one nobody can read, not even root."""
    (tmp_path / "plait.toml").symlink_to("/proc/self/mem")

    with pytest.raises(UnreadableSettings, match="Input/output error"):
        Settings.discover(tmp_path, env={})


@attrs.frozen(kw_only=True)
class Orbit:
    radius_km: float
    is_closed: bool = True


@attrs.frozen(kw_only=True)
class MoonSettings:
    """Every kind of field that settings of plugins are made of."""

    name: str
    phase: Literal["new", "full"] = "new"
    craters: tuple[str, ...] = ()
    depth: int | None = None
    folder: Path = Path()
    labels: dict[str, int] = attrs.field(factory=dict)
    orbit: Orbit | None = None
    moons: tuple[Orbit, ...] = ()
    ports: Sequence[int] = attrs.field(default=(), validator=lambda _self, _field, value: check_ports(value))


def check_ports(ports: Sequence[int]) -> None:
    if 0 in ports:
        raise ValueError("port 0 is no port")


def structure(table: dict[str, Any]) -> MoonSettings | tuple[SettingsFault, ...]:
    reading = Structuring(lambda _key: "here")
    made = reading.structure(table, MoonSettings, "plugins.moon")
    return made if made is not None else tuple(reading.faults)


def test_table_becomes_the_plugins_own_class() -> None:
    """Nested tables become nested classes, lists tuples, and text what was declared."""
    table = {
        "name": "Io",
        "phase": "full",
        "craters": ["a", "b"],
        "depth": "7",
        "folder": "/srv",
        "labels": {"x": 1},
        "orbit": {"radius_km": 4},
        "moons": [{"radius_km": 1}],
        "ports": "80,81",
    }

    assert structure(table) == MoonSettings(
        name="Io",
        phase="full",
        craters=("a", "b"),
        depth=7,
        folder=Path("/srv"),
        labels={"x": 1},
        orbit=Orbit(radius_km=4.0),
        moons=(Orbit(radius_km=1.0),),
        ports=(80, 81),
    )


def test_every_fault_of_a_table_is_found() -> None:
    """Faults inside nested tables, missing keys and unfit values come in one report."""
    table = {
        "craters": 3,
        "depth": "deep",
        "labels": [],
        "orbit": {"radius_km": "far", "closed": True},
        "folder": 1,
        "ports": [80, "x"],
    }

    assert structure(table) == (
        SettingsFault("plugins.moon.craters", "here", "should be a list, and is 3"),
        SettingsFault("plugins.moon.depth", "here", "should be a whole number, and is 'deep'"),
        SettingsFault("plugins.moon.labels", "here", "should be a table, and is []"),
        SettingsFault("plugins.moon.orbit.radius_km", "here", "should be a number, and is 'far'"),
        SettingsFault("plugins.moon.orbit.closed", "here", "is not known; did you mean 'is_closed'?"),
        SettingsFault("plugins.moon.folder", "here", "should be Path, and is 1"),
        SettingsFault("plugins.moon.ports[1]", "here", "should be a whole number, and is 'x'"),
        SettingsFault("plugins.moon.name", "here", "is required and not set"),
    )


def test_validator_of_the_class_is_heard() -> None:
    """What the class itself refuses is a fault of its table."""
    assert structure({"name": "Io", "ports": [0]}) == (SettingsFault("plugins.moon", "here", "port 0 is no port"),)
