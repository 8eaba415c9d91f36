"""
``perform``: run one unit in this process and make its result.

Called by the engine for executors that share its memory, and by the one-shot worker. A sync function of scalars is run without
a thread, a file or a switch of context. Whatever user code raises ends up in the result, except what stops plait itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from functools import partial
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from plait_core.authoring.contexts import RUNNING, ExecutionContext
from plait_core.errors.running import IgnoreOutputs
from plait_core.errors.values import ConversionFailed
from plait_core.ir.executions import Closure, TaskError
from plait_core.ir.literals import Literal, LiteralMap, Offloaded, Primitive
from plait_core.ir.types import SimpleType
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.ports.executors import Performed
from plait_core.types import ConversionContext
from plait_core.types.contexts import ambient
from plait_core.worker.failures import body_error, border_error, must_pass, outputs_missing, timeout_error
from plait_core.worker.services import Prepared, PreparedOutput, WorkerServices

if TYPE_CHECKING:
    from plait_core.authoring.tasks import PythonFunctionTask
    from plait_core.worker.reports import DeckReport

SHORT_STRING = 4096
"""Characters up to which nobody needs to measure whether a string must be offloaded."""


class BodyTimedOut(Exception):
    """The body of a task ran longer than the unit allows."""


async def perform(unit: Unit, services: WorkerServices) -> Performed:
    """
    Run *unit* and report what came of it.

    Raises only what stops plait itself: ``KeyboardInterrupt``, and the cancellation of the attempt.
    """
    attempt = _Attempt(unit, services)
    running, converting = RUNNING.set(attempt.context), ambient.set(attempt.conversion)
    try:
        return Performed(result=await attempt.result())
    except IgnoreOutputs:
        return Performed(result=await attempt.result_without_outputs())
    except BaseException as exception:
        if must_pass(exception):
            raise
        return Performed(result=await attempt.result_of(exception), exception=exception)
    finally:
        ambient.reset(converting)
        RUNNING.reset(running)
        attempt.context.close()
        attempt.conversion.close()


async def run_without_loop(body: Callable[[], Any]) -> Any:
    """Run the body of a plain function as if no loop ran in this thread, so that it may start one of its own: for ``run_body``."""
    import asyncio

    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)  # documented for those who run loops
    try:
        return body()
    finally:
        asyncio._set_running_loop(loop)  # as above


class _Attempt:
    """One unit while it is performed. ``is_in_body`` tells the failures of user code from those at its border."""

    __slots__ = ("context", "conversion", "is_in_body", "report", "services", "started_at_ns", "unit")

    def __init__(self, unit: Unit, services: WorkerServices) -> None:
        self.unit = unit
        self.services = services
        self.started_at_ns = time_ns()
        self.is_in_body = False
        self.report: DeckReport | None = None
        self.context = ExecutionContext(
            unit,
            blobs=services.blobs,
            ask_secret=services.secrets,
            started_at_ns=self.started_at_ns,
            open_channel=services.channel,
            mask=services.secrets.mask,
        )
        self.conversion = services.types.context(unit.raw_prefix, services.blobs)

    async def result(self) -> Result:
        """Run the body between reading its inputs and writing its outputs; raises what the body raises."""
        action = self.unit.action
        if type(action) is FunctionCall and action.bundle and self.services.here(self.unit) is None:
            await self.services.unpack(action.bundle)
        prepared = self.services.prepared(self.unit)
        if self.unit.template.metadata.generates_deck:
            from plait_core.worker.reports import DeckReport

            self.report = DeckReport(self.context, prepared)
        inputs = await self._read(prepared)
        self.is_in_body = True
        returned = await self._body(prepared, inputs)
        self.is_in_body = False
        if isinstance(returned, Closure):
            result = self._result(fragment=returned)
        else:
            result = self._result(outputs=await self._write(prepared, returned))
        return result if self.report is None else await self._with_deck(result)

    async def result_without_outputs(self) -> Result:
        """Make the result of a body that declined to return any outputs."""
        return await self._with_deck(self._without_outputs())

    async def result_of(self, exception: BaseException) -> Result:
        """Make the result of an attempt that raised."""
        return await self._with_deck(self._result(error=self._error(exception)))

    async def _read(self, prepared: Prepared) -> dict[str, Any]:
        unit = self.unit
        inputs: dict[str, Any] = {}
        for name, given in (await self._stored_inputs() if unit.inputs_uri else unit.inputs).items():
            literal = await _fetch(given, self.services) if type(given.value) is Offloaded else given
            try:
                inputs[name] = prepared.inputs[name].to_python(literal, self.conversion)
            except ConversionFailed as error:
                error.under(f".{name}")
                raise
        if self.report is not None:
            self.report.read(inputs)
        return inputs

    async def _stored_inputs(self) -> LiteralMap:
        from plait_core.ir.codec import loads

        uri = self.unit.inputs_uri
        stored: LiteralMap = loads(Mapping[str, Literal], await self.services.blobs(uri).get(uri))
        return stored

    async def _body(self, prepared: Prepared, inputs: Mapping[str, Any]) -> Any:
        if prepared.entity.stand_in is not None:
            return prepared.entity.stand_in(**inputs)
        if self.unit.template.metadata.is_dynamic:
            from plait_core.authoring.dynamics import trace_fragment

            return trace_fragment(cast("PythonFunctionTask[..., Any]", prepared.entity), inputs)
        body: Awaitable[Any] = prepared.kind.run(prepared.entity, inputs)
        if self.services.run_body is not None and not _may_wait(prepared.entity):
            body = self.services.run_body(partial(copy_context().run, _finish, body))
        return await (body if self.unit.timeout_ns is None else _within(self.unit.timeout_ns, body))

    async def _write(self, prepared: Prepared, returned: Any) -> LiteralMap:
        values = prepared.entity.python_interface.unpack(prepared.entity.name, returned)
        if self.report is not None:
            self.report.returned(values)
        outputs: dict[str, Literal] = {}
        for output in prepared.outputs:
            try:
                literal = output.to_literal(values[output.name], self.conversion)
            except ConversionFailed as error:
                error.under(f".{output.name}")
                raise
            outputs[output.name] = literal if _is_small(literal) else await _offload(literal, output, self.conversion)
        return outputs

    async def _with_deck(self, result: Result) -> Result:
        """Store the deck, however the attempt ended; that it cannot be stored is no reason to fail."""
        if self.report is None:
            return result
        try:
            return evolve(result, deck_uri=await self.report.store())
        except Exception as error:  # noqa: BLE001  # what renders values is the author's, too
            self.context.logging.warning("the deck was not stored: %s", error)
            return result

    def _without_outputs(self) -> Result:
        if not self.unit.template.interface.outputs:
            return self._result(outputs={})
        names = [variable.name for variable in self.unit.template.interface.outputs]
        task, worker = self.unit.template.id.name, self.services.worker
        return self._result(error=outputs_missing(task, names, worker=worker, at_ns=time_ns()))

    def _error(self, exception: BaseException) -> TaskError:
        """Describe what was raised, without secrets that the task was told."""
        error, mask = self._described(exception), self.services.secrets.mask
        return evolve(error, message=mask(error.message), traceback=mask(error.traceback))

    def _described(self, exception: BaseException) -> TaskError:
        worker, now_ns = self.services.worker, time_ns()
        if isinstance(exception, BodyTimedOut):
            return timeout_error(self.unit.timeout_ns or 0, worker=worker, at_ns=now_ns)
        if self.is_in_body:
            return body_error(exception, self.unit.template.metadata.retry, worker=worker, at_ns=now_ns)
        return border_error(exception, worker=worker, at_ns=now_ns)

    def _result(
        self,
        *,
        outputs: LiteralMap | None = None,
        error: TaskError | None = None,
        fragment: Closure | None = None,
    ) -> Result:
        return Result(
            outputs=outputs,
            error=error,
            fragment=fragment,
            checkpoint_uri=self.context.saved_checkpoint,
            started_at_ns=self.started_at_ns,
            ended_at_ns=time_ns(),
            worker=self.services.worker,
        )


def _may_wait(entity: Any) -> bool:
    """Whether running *entity* needs the loop; a plain function does not."""
    return not hasattr(entity, "function") or bool(getattr(entity, "is_async", True))


def _finish(body: Any) -> Any:
    """Run the coroutine of a body that never waits, in a thread without a loop to wait in."""
    try:
        body.send(None)
    except StopIteration as returned:
        return returned.value
    raise RuntimeError("the body of a sync task waits for the loop of its engine")


async def _within(limit_ns: int, body: Awaitable[Any]) -> Any:
    """Await *body*, at most that long; one that never waits is judged when it has ended."""
    from asyncio import timeout

    began_ns = monotonic_ns()
    try:
        async with timeout(limit_ns / 1e9) as deadline:
            returned = await body
    except TimeoutError as error:
        if deadline.expired():
            raise BodyTimedOut from error
        raise
    if monotonic_ns() - began_ns > limit_ns:
        raise BodyTimedOut
    return returned


def _is_small(literal: Literal) -> bool:
    value = literal.value
    if type(value) is not Primitive:
        return False
    return value.kind is not SimpleType.STRING or len(value.value) <= SHORT_STRING  # type: ignore[arg-type]  # a string


async def _fetch(literal: Literal, services: WorkerServices) -> Literal:
    from plait_core.types.offloading import fetch

    return await fetch(literal, services.blobs)


async def _offload(literal: Literal, output: PreparedOutput, conversion: ConversionContext) -> Literal:
    from plait_core.types.offloading import offload

    return await offload(literal, output.literal_type, conversion.raw_prefix, conversion.blobs)
