# What type checkers know of ``plait``; the names are those of ``__init__.py``.

from typing import Any

from plait.remote.asynchronous import AsyncRemote as AsyncRemote
from plait.remote.client import Remote as Remote
from plait.remote.values import LiteralsResolver as LiteralsResolver
from plait_core.authoring.caching import Cache as Cache
from plait_core.authoring.conditionals import conditional as conditional
from plait_core.authoring.contexts import ExecutionContext as ExecutionContext
from plait_core.authoring.contexts import current_context as current_context
from plait_core.authoring.decks import Deck as Deck
from plait_core.authoring.decks import DeckField as DeckField
from plait_core.authoring.documentation import Documentation as Documentation
from plait_core.authoring.dynamics import dynamic as dynamic
from plait_core.authoring.eager import eager as eager
from plait_core.authoring.environments import Environment as Environment
from plait_core.authoring.gates import approve as approve
from plait_core.authoring.gates import sleep as sleep
from plait_core.authoring.gates import wait_for_input as wait_for_input
from plait_core.authoring.images import ImageSpec as ImageSpec
from plait_core.authoring.imperative import ImperativeWorkflow as Workflow
from plait_core.authoring.launch_plans import LaunchPlan as LaunchPlan
from plait_core.authoring.maps import map_task as map_task
from plait_core.authoring.notifications import Email as Email
from plait_core.authoring.notifications import PagerDuty as PagerDuty
from plait_core.authoring.notifications import Slack as Slack
from plait_core.authoring.options import Annotations as Annotations
from plait_core.authoring.options import Labels as Labels
from plait_core.authoring.options import Options as Options
from plait_core.authoring.ordering import create_node as create_node
from plait_core.authoring.pods import PodTemplate as PodTemplate
from plait_core.authoring.references import (
    reference_launch_plan as reference_launch_plan,
)
from plait_core.authoring.references import (
    reference_task as reference_task,
)
from plait_core.authoring.references import (
    reference_workflow as reference_workflow,
)
from plait_core.authoring.resources import Resources as Resources
from plait_core.authoring.retries import Backoff as Backoff
from plait_core.authoring.retries import Retry as Retry
from plait_core.authoring.schedules import CronSchedule as CronSchedule
from plait_core.authoring.schedules import FixedRate as FixedRate
from plait_core.authoring.secrets import Secret as Secret
from plait_core.authoring.tasks import task as task
from plait_core.authoring.workflows import workflow as workflow
from plait_core.errors import NonRecoverableError as NonRecoverableError
from plait_core.errors import RecoverableError as RecoverableError
from plait_core.errors.running import IgnoreOutputs as IgnoreOutputs
from plait_core.ir.launch_plans import (
    ConcurrencyBehavior as ConcurrencyBehavior,
)
from plait_core.ir.launch_plans import (
    ConcurrencyPolicy as ConcurrencyPolicy,
)
from plait_core.ir.phases import ExecutionPhase as ExecutionPhase
from plait_core.ir.tasks import SecurityContext as SecurityContext
from plait_core.ir.workflows import FailurePolicy as WorkflowFailurePolicy
from plait_core.types.annotations import (
    Annotation as Annotation,
)
from plait_core.types.annotations import (
    BatchSize as BatchSize,
)
from plait_core.types.annotations import (
    HashMethod as HashMethod,
)
from plait_core.types.annotations import (
    Pickled as Pickled,
)
from plait_core.types.datasets import StructuredDataset as StructuredDataset
from plait_core.types.datasets import kwtypes as kwtypes
from plait_core.types.failures import TaskFailure as TaskFailure
from plait_core.types.files import Directory as Directory
from plait_core.types.files import File as File

__all__ = [
    "Annotation",
    "Annotations",
    "AsyncRemote",
    "Backoff",
    "BatchSize",
    "Cache",
    "ConcurrencyBehavior",
    "ConcurrencyPolicy",
    "CronSchedule",
    "Deck",
    "DeckField",
    "Directory",
    "Documentation",
    "Email",
    "Environment",
    "ExecutionContext",
    "ExecutionPhase",
    "File",
    "FixedRate",
    "HashMethod",
    "IgnoreOutputs",
    "ImageSpec",
    "Labels",
    "LaunchPlan",
    "LiteralsResolver",
    "NonRecoverableError",
    "Options",
    "PagerDuty",
    "Pickled",
    "PodTemplate",
    "RecoverableError",
    "Remote",
    "Resources",
    "Retry",
    "Secret",
    "SecurityContext",
    "Slack",
    "StructuredDataset",
    "TaskFailure",
    "Workflow",
    "WorkflowFailurePolicy",
    "approve",
    "conditional",
    "create_node",
    "current_context",
    "dynamic",
    "eager",
    "kwtypes",
    "map_task",
    "reference_launch_plan",
    "reference_task",
    "reference_workflow",
    "sleep",
    "task",
    "wait_for_input",
    "workflow",
]

# Declared by the plugins that plait brings along; import them from the plugin to have their calls checked.
OutputLocation: Any
ShellTask: Any
get_raw_shell_task: Any
subproc_execute: Any
