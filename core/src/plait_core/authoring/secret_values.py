"""
Reading secrets in a task, by asking the providers.

``SecretReader`` is ``current_context().secrets``. A task reads what it requested and nothing else, here as in a cluster, where
nothing else would reach it. Values are never kept.
"""

from collections.abc import Callable, Sequence

from plait_core.errors.running import SecretMissing, SecretNotRequested
from plait_core.ir.tasks import SecretRequest
from plait_core.ports.secrets import AskSecret, SecretAnswer, SecretProvider


def asking(providers: Callable[[], Sequence[SecretProvider]]) -> AskSecret:
    """Make the function that asks *providers* in order; they are made when the first secret is asked for."""

    async def ask(request: SecretRequest) -> SecretAnswer:
        places: list[str] = []
        for provider in providers():
            value = await provider.resolve(request)
            if value is not None:
                return SecretAnswer(value=value)
            places.extend(provider.places(request))
        return SecretAnswer(value=None, places=tuple(places))

    return ask


class SecretReader:
    """Reads secrets by group and key: ``secrets.get("db", "password")`` or ``secrets.db.password``."""

    def __init__(self, *, ask: AskSecret, task: str, requests: Sequence[SecretRequest] | None) -> None:
        """Allow what *requests* cover; ``None`` allows everything."""
        self._ask = ask
        self._task = task
        self._requests = requests

    def get(self, group: str = "", key: str = "", group_version: str = "") -> str:
        """
        Return the value of a secret.

        Raises:
            SecretNotRequested: The task does not request it.
            SecretMissing: No provider has it; names every place where they looked.
        """
        from plait_core.types.blocking import run

        answer = run(self._answer(self._allowed(group, key, group_version)))
        if answer.value is None:
            raise SecretMissing(group=group, key=key, places=answer.places)
        return answer.value

    def __getattr__(self, group: str) -> "SecretGroup":
        if group.startswith("_"):
            raise AttributeError(group)
        return SecretGroup(self, group)

    async def _answer(self, request: SecretRequest) -> SecretAnswer:
        return await self._ask(request)

    def _allowed(self, group: str, key: str, version: str) -> SecretRequest:
        if self._requests is None:
            return SecretRequest(group=group, key=key, group_version=version)
        for request in self._requests:
            if covers(request, group, key):
                version = version or request.group_version
                return SecretRequest(group=request.group, key=request.key or key, group_version=version)
        raise SecretNotRequested(task=self._task, group=group, key=key)


class SecretGroup:
    """The secrets of one group, by attribute."""

    def __init__(self, reader: SecretReader, group: str) -> None:
        """Read *group* through *reader*."""
        self._reader = reader
        self._group = group

    def __getattr__(self, key: str) -> str:
        if key.startswith("_"):
            raise AttributeError(key)
        return self._reader.get(self._group, key)


def covers(request: SecretRequest, group: str, key: str) -> bool:
    """
    Whether a task that made *request* may read a secret.

    Names compare as places do, which upper- or lower-case them; a request without a key covers its group.
    """
    same_group = request.group.casefold() == group.casefold()
    return same_group and (not request.key or request.key.casefold() == key.casefold())
